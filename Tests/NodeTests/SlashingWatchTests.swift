import BLS
import BeaconAPI
import DutyWorkflow
import Ethereum
import Logging
import SSZ
import Synchronization
import Testing

@testable import Node

/// Two validators, number 5 and 6 on the chain; what the beacon nodes say is scripted.
@Suite("slashings that beacon nodes tell of")
struct SlashingWatchTests {
    private final class World: Sendable {
        let slot = Mutex<UInt64>(40)
        /// Of each beacon node.
        let answers = Mutex<[[PubKey: Bool]]>([[:]])
        let questions = Mutex<[[PubKey]]>([])
        let checks = Mutex(0)
        let posted = Mutex<[Event]>([])
    }

    private static let clock = SlotClock(
        genesis: Instant(unixSeconds: 1000), slotDuration: .seconds(12), slotsPerEpoch: 32)
    private static let keys = [PubKey(padding: [1]), PubKey(padding: [2])]
    private let world = World()

    private static func row(_ index: Int, isSlashed: Bool) -> BeaconValidator {
        var record = ValidatorRecord()
        record.pubKey = keys[index]
        record.slashed = isSlashed
        return BeaconValidator(
            index: ValidatorIndex(UInt64(5 + index)), balance: .zero, status: .activeOngoing, validator: record)
    }

    private func domains() throws -> SigningDomains {
        let forks = try ForkSchedule(
            ForkName.allCases.map { name in
                ForkSchedule.Entry(
                    fork: name, version: Bytes4(padding: [UInt8(name.rawValue)]),
                    epoch: name <= .fulu ? .zero : Epoch(1 << 40))
            })
        return SigningDomains(spec: ChainSpec(forks: forks), genesisValidatorsRoot: .zero, exitVersion: .zero)
    }

    /// - Parameter holds: signatures that hold.
    private func watch(
        nodes: Int, stopped: [PubKey: Slashing] = [:], holds: @escaping @Sendable (PubKey) -> Bool = { _ in false }
    ) throws -> SlashingWatch {
        let (world, domains) = (world, try domains())
        let watch = SlashingWatch(
            pubKeys: Self.keys, clock: Self.clock, stopped: stopped,
            questions: .init(
                each: { asked in
                    world.questions.withLock { $0.append(asked) }
                    return world.answers.withLock { $0 }.map { answer in
                        Self.keys.indices.compactMap { index in
                            answer[Self.keys[index]].map { Self.row(index, isSlashed: $0) }
                        }
                    }
                },
                holds: { pubKey, claims in
                    world.checks.withLock { $0 += 1 }
                    return claims.count == 2 && holds(pubKey)
                }, asksAll: nodes > 1, domains: { domains }),
            now: { Self.clock.start(of: Slot(world.slot.withLock { $0 })) }, logger: Logger(label: "test"))
        watch.note(Self.keys.indices.map { Self.row($0, isSlashed: false) })
        return watch
    }

    private func look(_ watch: SlashingWatch) async -> [Event] {
        world.posted.withLock { $0 = [] }
        let world = world
        await watch.look { event in world.posted.withLock { $0.append(event) } }
        return world.posted.withLock { $0 }
    }

    private func proven(_ events: [Event]) -> [PubKey] {
        events.compactMap { if case .slashingProven(let pubKey, _) = $0 { pubKey } else { nil } }
    }

    private func told(_ events: [Event]) -> [PubKey] {
        events.flatMap { event -> [PubKey] in if case .slashingsTold(let poll) = event { poll.slashed } else { [] } }
    }

    private static func blocks(proposer: UInt64) -> BeaconEvent {
        func header(_ body: UInt8) -> SignedBeaconBlockHeader {
            SignedBeaconBlockHeader(
                message: BeaconBlockHeader(
                    slot: Slot(9), proposerIndex: ValidatorIndex(proposer), parentRoot: .zero, stateRoot: .zero,
                    bodyRoot: Root(padding: [body])), signature: SignatureBytes(padding: [body]))
        }
        var slashing = ProposerSlashing()
        slashing.signedHeader1 = header(1)
        slashing.signedHeader2 = header(2)
        return .proposerSlashing(slashing)
    }

    private static func votes(_ indices: [UInt64]) -> BeaconEvent {
        func vote(_ block: UInt8) -> IndexedAttestationElectra {
            var data = AttestationData()
            data.beaconBlockRoot = Root(padding: [block])
            return IndexedAttestationElectra(
                attestingIndices: indices.map { ValidatorIndex($0) }, data: data,
                signature: SignatureBytes(padding: [block]))
        }
        var slashing = AttesterSlashing<IndexedAttestationElectra>()
        slashing.attestation1 = vote(1)
        slashing.attestation2 = vote(2)
        return .attesterSlashing(slashing)
    }

    @Test(
        "two signatures under the validator's key are proof; without them the event is a lie and changes nothing",
        arguments: [true, false])
    func proof(holds: Bool) async throws {
        let watch = try watch(nodes: 1) { holds && $0 == Self.keys[0] }
        watch.receive(Self.blocks(proposer: 5), from: "one")
        #expect(proven(await look(watch)) == (holds ? [Self.keys[0]] : []))
        watch.receive(Self.votes([6]), from: "one")
        #expect(proven(await look(watch)).isEmpty, "of another key")
        #expect(world.checks.withLock { $0 } == 2 && world.questions.withLock { $0 }.isEmpty)
    }

    @Test("validators of others cost nothing, and no flood costs more than some checks a slot")
    func flood() async throws {
        let watch = try watch(nodes: 1)
        watch.receive(Self.blocks(proposer: 77), from: "one")
        #expect(await look(watch).isEmpty && world.checks.withLock { $0 } == 0)
        for _ in 0..<100 {
            watch.receive(Self.blocks(proposer: 5), from: "one")
            watch.receive(Self.votes([6]), from: "one")
            _ = await look(watch)
        }
        #expect(world.checks.withLock { $0 } == 16)
        world.slot.withLock { $0 += 1 }
        watch.receive(Self.blocks(proposer: 5), from: "one")
        _ = await look(watch)
        #expect(world.checks.withLock { $0 } == 17)
    }

    @Test("a vote that many signed proves nothing: the beacon nodes are asked, once a slot, and most decide")
    func aggregate() async throws {
        let watch = try watch(nodes: 3)
        world.answers.withLock { $0 = [[Self.keys[0]: false], [Self.keys[0]: false], [:]] }
        _ = await look(watch)
        world.questions.withLock { $0 = [] }
        watch.receive(Self.votes([3, 5, 9]), from: "one")
        for _ in 0..<2 { #expect(told(await look(watch)).isEmpty) }
        world.answers.withLock { $0 = [[Self.keys[0]: true], [Self.keys[0]: false], [:]] }
        world.slot.withLock { $0 += 1 }
        #expect(told(await look(watch)).isEmpty, "one says so, one says not")
        world.answers.withLock { $0 = [[Self.keys[0]: true], [Self.keys[0]: true], [Self.keys[0]: false]] }
        world.slot.withLock { $0 += 1 }
        #expect(told(await look(watch)) == [Self.keys[0]])
        #expect(world.questions.withLock { $0 } == [[Self.keys[0]], [Self.keys[0]], [Self.keys[0]]])
        #expect(world.checks.withLock { $0 } == 0)
    }

    @Test(
        "of several beacon nodes each is asked about all validators once an epoch; a single one's answers are at hand")
    func everyEpoch() async throws {
        for nodes in [1, 3] {
            world.slot.withLock { $0 = 64 }
            world.questions.withLock { $0 = [] }
            let watch = try watch(nodes: nodes)
            for slot in UInt64(64)..<128 {
                world.slot.withLock { $0 = slot }
                _ = await look(watch)
            }
            #expect(world.questions.withLock { $0 } == (nodes == 1 ? [] : [Self.keys, Self.keys]))
        }
    }

    @Test("a status that is news, slashed or not any more, is asked about at once")
    func status() async throws {
        let told = Slashing(.told, seen: "before")
        let rows: [(Bool, [PubKey: Slashing])] = [(true, [:]), (false, [Self.keys[1]: told])]
        for (isSlashed, stopped) in rows {
            world.questions.withLock { $0 = [] }
            world.answers.withLock { $0 = [[Self.keys[1]: isSlashed]] }
            let watch = try watch(nodes: 1, stopped: stopped)
            watch.note([Self.row(1, isSlashed: isSlashed)])
            let events = await look(watch)
            #expect(world.questions.withLock { $0 } == [[Self.keys[1]]])
            guard case .slashingsTold(let poll)? = events.first else {
                Issue.record("\(events)")
                continue
            }
            #expect(poll.slashed == (isSlashed ? [Self.keys[1]] : []))
            #expect(poll.unslashed == (isSlashed ? [] : [Self.keys[1]]))
        }
    }

    @Test("signatures are checked under the group key")
    func signatures() async throws {
        // Genuine ones of another key do not hold, whatever validator the beacon node says they are of.
        let (own, other) = (SecretKey.random(), SecretKey.random())
        let keys = ShareKeys([.init(publicKey: own.publicKey, shares: [own.publicKey])], own: ShareIndex(PeerIndex(0)))
        let threads = CryptoThreads(threads: 1)
        let verifier = SignatureVerifier(threads: threads)
        for (key, holds) in [(own, true), (other, false)] {
            let claims = [UInt8(1), 2].map { byte -> SlashingEvidence.Claim in
                let root = Root(padding: [byte])
                return SlashingEvidence.Claim(signature: key.sign(root).bytes, root: root)
            }
            #expect(await SlashingWatch.Questions.hold(own.publicKey.bytes, claims, keys, verifier) == holds)
        }
        try await threads.shutdown()
    }
}
