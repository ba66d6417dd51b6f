import BeaconAPI
import BeaconClient
import Ethereum
import Logging
import SSZ
import Synchronization
import Testing

@testable import Node

@Suite struct FeeRecipientsTests {
    private final class Post: Sendable {
        private let sent = Mutex<[[ProposerPreparation]]>([])
        var all: [[ProposerPreparation]] { sent.withLock { $0 } }
        func take(_ preparations: [ProposerPreparation]) { sent.withLock { $0.append(preparations) } }
    }

    private let scene: DutyScene
    private let post = Post()

    init() throws { scene = try DutyScene() }

    private func recipients(_ addresses: [PubKey: Bytes20], fails: Bool = false) -> FeeRecipients {
        let (scene, post) = (scene, post)
        let validators = ActiveValidators(
            pubKeys: scene.validators.map(\.pubKey), clock: scene.chain.clock
        ) { _ async throws(BeaconError) in
            scene.validators.map { scene.beaconRow($0) }
        }
        return FeeRecipients(
            addresses: addresses, validators: validators, clock: scene.chain.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { preparations async throws(BeaconError) in
            if fails { throw BeaconError(endpoint: "prepare", node: "test", cause: .timeout) }
            post.take(preparations)
        }
    }

    @Test("each active validator with an address is told, under its index; the others are left to the beacon node")
    func tells() async {
        let address = Bytes20(padding: [7])
        let told = await recipients([scene.validators[1].pubKey: address]).tell(in: DutyScene.epoch)
        let index = scene.validators[1].row.validatorIndex
        #expect(told && post.all == [[ProposerPreparation(validatorIndex: index, feeRecipient: address)]])
    }

    @Test("without addresses nobody is asked for anything")
    func none() async {
        let told = await recipients([:]).tell(in: DutyScene.epoch)
        #expect(told && post.all.isEmpty)
    }

    @Test("what no beacon node took is still to be told")
    func fails() async {
        let addresses = [scene.validators[0].pubKey: Bytes20(padding: [7])]
        #expect(await !recipients(addresses, fails: true).tell(in: DutyScene.epoch))
    }
}
