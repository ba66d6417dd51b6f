import BLS
import DutyWorkflow
import Ethereum
import KeymanagerAPI
import Logging
import NIOPosix
import Program
import QBFT
import SSZ
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Cluster
@testable import Node

@Suite("key shares deleted while the node runs", .timeLimit(.minutes(3)))
struct KeymanagerDeletionTests {
    private func words(_ statuses: [KeyStatus]) -> [KeyStatus.Word] { statuses.map(\.word) }

    private func history(_ json: JSONValue) throws -> SlashingHistory {
        try Interchange.read(
            json.bytes(), genesisValidatorsRoot: ShareScene.chain, current: SlashingHistory(), mayBeStrange: true
        ).raised
    }

    @Test("each key has its status, its file is gone, and its history is told under the share's name")
    func statuses() async throws {
        let known = Mutex(SlashingHistory())
        let scene = try ShareScene(validators: 4)
        known.withLock { history in
            history.attestations = [
                scene.pubKey(0): mark(8, 9), scene.pubKey(2): mark(3, 4), scene.pubKey(3): mark(1, 2),
            ]
            history.proposals = [scene.pubKey(0): block(300)]
        }
        var hands = Keymanager.Hands(
            heed: { _ in }, history: { validators in known.withLock { $0.of(validators) } }, feeRecipient: { _ in nil },
            registration: { _ in nil }, graffiti: { _ in nil }, graffitiBytesMax: 28, settings: scene.settings,
            changed: {}, exit: { _, _ in throw ShareScene.Refused() })
        let keymanager = scene.keymanager(hands: hands)
        _ = try await keymanager.importKeystores(scene.request(scene.own(0, 1, 3)))
        // Signed and deleted, deleted, signed once, never, not ours, a whole validator, once more.
        let asked = [
            scene.share(0), scene.share(1), scene.share(2), scene.share(2), PubKey(padding: [9]), scene.pubKey(3),
            scene.share(0),
        ]
        let (statuses, file) = try await keymanager.deleteKeystores(asked)
        #expect(
            words(statuses) == [.deleted, .deleted, .notActive, .notActive, .notFound, .notFound, .notActive])
        #expect(statuses[5].message?.contains(scene.share(3).hex) == true)
        #expect(
            try history(file)
                == SlashingHistory(
                    attestations: [scene.share(0): mark(8, 9), scene.share(2): mark(3, 4)],
                    proposals: [scene.share(0): block(300)]))
        #expect(keymanager.keystores() == [scene.share(3)])
        #expect(scene.directory.names == ["keys", "keys/keystore-3.json", "keys/keystore-3.txt"])
        let (again, sameFile) = try await keymanager.deleteKeystores([scene.share(0), scene.share(1)])
        #expect(words(again) == [.notActive, .notFound])
        #expect(try history(sameFile).validators == [scene.share(0)])
        // What is not known cannot be told: then nothing is.
        hands.history = { _ in throw ShareScene.Refused() }
        let other = scene.keymanager(files: [scene.pubKey(3): scene.folder + "/keystore-3.json"], hands: hands)
        let (failed, nothing) = try await other.deleteKeystores([scene.share(3), scene.share(2)])
        #expect(words(failed) == [.error, .error])
        #expect(nothing["data"] == [] && nothing["metadata"]?.object != nil)
        #expect(scene.ring.keys.isEmpty, "it signs no more all the same")
        try await scene.stop()
    }

    @Test("a file that cannot be removed is an error, and told again until it is gone")
    func stuck() async throws {
        let scene = try ShareScene(known: SlashingHistory())
        // A directory in the place of a keystore is not unlinked.
        try scene.directory.write("keys/keystore-0.json/x", [])
        #expect(scene.ring.add(scene.pubKey(0), .share(scene.own(0)[0])))
        let path = scene.folder + "/keystore-0.json"
        let keymanager = scene.keymanager(files: [scene.pubKey(0): path])
        for _ in 0..<2 {
            let (statuses, _) = try await keymanager.deleteKeystores([scene.share(0)])
            #expect(words(statuses) == [.error])
            #expect(statuses[0].message?.contains("remove it by hand") == true)
            #expect(!scene.ring.holds(scene.pubKey(0)))
        }
        FileAccess.removeTree(path)
        #expect(words(try await keymanager.deleteKeystores([scene.share(0)]).statuses) == [.deleted])
        try await scene.stop()
    }

    @Test(
        "under concurrent duties: what was signed is in the history, and nothing is signed afterwards",
        arguments: 0..<12)
    func concurrent(round: Int) async throws {
        let count = 24
        let scene = try ShareScene(validators: count)
        let duties = scene.scene
        let pubKeys = duties.validators.map(\.pubKey)
        let signer = Signer(
            backend: .keystores(
                Dictionary(uniqueKeysWithValues: duties.validators.map { ($0.pubKey, $0.shares[0]) })),
            keys: duties.keys, chain: duties.view, threads: duties.threads, verifier: duties.verifier)
        let written = Mutex<[Record]>([])
        let signed = Gate()
        let configuration = WorkflowConfiguration(
            nodes: 4, threshold: 3, peer: DutyScene.own, validators: Set(pubKeys), clock: duties.chain.clock,
            spec: DutyScene.spec, signs: true, seed: 1)
        let driver = WorkflowDriver(
            workflow: Workflow(configuration: configuration) { _, message in Self.sealed(message) },
            loop: MultiThreadedEventLoopGroup.singleton.next(),
            commit: { records, done in
                written.withLock { $0 += records }
                done(.success(()))
            },
            perform: { effect, driver in
                guard case .sign(let duty, let set) = effect, duty.type == .attester else { return }
                signer.sign(duty, set) { outcome in
                    driver.post(.localPartials([LocalPartials(duty, outcome.signed)], nil))
                    signed.open()
                }
            })
        let keymanager = Keymanager(
            shares: ShareScene.shares(duties), ring: signer.ring, store: .keystores(directory: scene.folder),
            files: [:],
            genesisValidatorsRoot: ShareScene.chain,
            hands: Keymanager.Hands(
                heed: { try await driver.heed($0) },
                history: { try await Self.history(driver, $0) },
                feeRecipient: { _ in nil }, registration: { _ in nil }, graffiti: { _ in nil },
                graffitiBytesMax: 28, settings: scene.settings, changed: {},
                exit: { _, _ in throw ShareScene.Refused() }), threads: scene.threads, logger: Self.quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await driver.run(restoring: JournalSnapshot()) }
            Self.decide(duties, driver)
            for _ in 0..<round { try await driver.loop.submit {}.get() }
            // Two clients delete half of the keys, all but the last four.
            let told = try await withThrowingTaskGroup(of: SlashingHistory.self) { clients in
                for half in 0..<2 {
                    clients.addTask {
                        let asked = (0..<count - 4).filter { $0 % 2 == half }.map { scene.share($0) }
                        let (statuses, file) = try await keymanager.deleteKeystores(asked)
                        #expect(statuses.allSatisfy { $0.word == .deleted })
                        return try self.history(file)
                    }
                }
                return try await clients.reduce(into: SlashingHistory()) {
                    $0.attestations.merge($1.attestations) { first, _ in first }
                }
            }
            await signed.wait()
            let all = try await Self.history(driver, Set(pubKeys))
            let partials = written.withLock { $0 }.reduce(into: Set<PubKey>()) { keys, record in
                if case .partials(_, let set, .internal) = record { keys.formUnion(set.keys.map(\.pubKey)) }
            }
            #expect(partials == Set(all.attestations.keys), "each signature is protected")
            for position in 0..<count - 4 {
                let isTold = told.attestations[scene.share(position)] != nil
                #expect(isTold == partials.contains(pubKeys[position]), "validator \(position)")
            }
            #expect(partials.isSuperset(of: pubKeys.suffix(4)), "the others sign on")
            // Nothing more, whatever is asked.
            let objects = Dictionary(
                uniqueKeysWithValues: pubKeys.map {
                    (EntryKey($0), SignedData.randao(SignedEpoch(epoch: DutyScene.epoch, signature: .zero)))
                })
            let later = await withCheckedContinuation { continuation in
                signer.sign(Duty(slot: duties.slot, type: .randao), objects) { continuation.resume(returning: $0) }
            }
            #expect(Set(later.signed.keys.map(\.pubKey)) == Set(pubKeys.suffix(4)))
            group.cancelAll()
            try await group.waitForAll()
        }
        try await scene.stop()
    }

    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func history(_ driver: WorkflowDriver, _ validators: Set<PubKey>) async throws -> SlashingHistory {
        guard case .slashingHistory(let history) = try await driver.ask(.slashingHistory(validators)) else {
            throw ShareScene.Refused()
        }
        return history
    }

    private static func sealed(_ message: QBFT.Message) -> QBFT.Message {
        var message = message
        message.signature = [1]
        return message
    }

    /// The beacon node tells whose duty it is, two peers what the cluster decided, with the commits of all three.
    private static func decide(_ scene: DutyScene, _ driver: WorkflowDriver) {
        let rows = scene.validators.map { DutyDefinition.attester($0.row) }
        driver.post(.dutiesResolved(DutyScene.epoch, .attester, rows))
        let value = scene.decided
        let hash = value.valueHash()
        let commits = (1...3).map { sealed(QBFT.Message(.commit, round: 1, source: $0, value: hash)) }
        for peer in 1...2 {
            var message = sealed(QBFT.Message(.decided, round: 1, source: peer, value: hash))
            message.justification = commits
            driver.post(
                .consensusMessage(
                    ConsensusMessage(duty: scene.duty, message: message, values: [hash: .duties(value)])))
        }
    }
}
