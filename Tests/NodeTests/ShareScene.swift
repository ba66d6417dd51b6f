import BLS
import DutyWorkflow
import Ethereum
import KeymanagerAPI
import Logging
import SSZ
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Cluster
@testable import Node

/// A keymanager of one operator's key shares in a directory; what it tells the workflow goes to the test.
final class ShareScene: Sendable {
    static let chain = Root(padding: [0xCC])
    struct Refused: Error {}

    let scene: DutyScene
    let directory: TemporaryDirectory
    let ring: KeyRing
    let threads = CryptoThreads(threads: 1)
    private let heeded = Mutex(SlashingHistory())
    private let known: SlashingHistory
    private let refuses: Bool
    let settings: ValidatorSettings
    /// The first validator's registration.
    let held: Mutex<ValidatorRegistration?>
    private let changeCount = Mutex(0)

    /// - Parameters:
    ///   - known: what was signed so far.
    ///   - refuses: whether the workflow takes and gives no history.
    init(validators: Int = 3, known: SlashingHistory = SlashingHistory(), refuses: Bool = false) throws {
        scene = try DutyScene(validators: validators)
        directory = try TemporaryDirectory()
        ring = KeyRing([:])
        settings = try ValidatorSettings(path: directory.file("settings.json"))
        held = Mutex(
            ValidatorRegistration(
                feeRecipient: Bytes20(padding: [0xFE]), gasLimit: 30_000_000, timestamp: 1000,
                pubKey: scene.validators[0].pubKey))
        self.known = known
        self.refuses = refuses
    }

    var told: SlashingHistory { heeded.withLock { $0 } }
    /// How often the node was told of other settings or keys.
    var changes: Int { changeCount.withLock { $0 } }
    var folder: String { directory.file("keys") }
    func pubKey(_ validator: Int) -> PubKey { scene.validators[validator].pubKey }
    func share(_ validator: Int, of peer: Int = 0) -> PubShare {
        scene.validators[validator].shares[peer].publicKey.bytes
    }

    static func shares(_ scene: DutyScene) -> OwnShares {
        let keys = scene.validators.map {
            ClusterKeys.Validator(publicKey: $0.secret.publicKey, shares: $0.shares.map(\.publicKey))
        }
        return OwnShares(ClusterKeys(operators: [], validators: keys), own: DutyScene.own)
    }

    func keymanager(files: [PubKey: String] = [:], hands: Keymanager.Hands? = nil) -> Keymanager {
        Keymanager(
            shares: Self.shares(scene), ring: ring, store: .keystores(directory: folder), files: files,
            genesisValidatorsRoot: Self.chain, hands: hands ?? self.hands, threads: threads,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private var hands: Keymanager.Hands {
        Keymanager.Hands(
            heed: { [self] history in
                if refuses { throw Refused() }
                #expect(history.validators.allSatisfy { !ring.holds($0) }, "no key signs before its history is known")
                heeded.withLock {
                    $0.attestations.merge(history.attestations) { $1 }
                    $0.proposals.merge(history.proposals) { $1 }
                }
            },
            history: { [self] validators in
                if refuses { throw Refused() }
                #expect(validators.allSatisfy { !ring.holds($0) }, "a history is complete once nothing is signed")
                return known.of(validators)
            },
            feeRecipient: { [self] in $0 == pubKey(0) ? Bytes20(padding: [0xFE]) : nil },
            registration: { [self] in $0 == pubKey(0) ? held.withLock { $0 } : nil },
            graffiti: { [self] in $0 == pubKey(0) ? Bytes32(padding: Array("Styx".utf8)) : nil },
            graffitiBytesMax: 28, settings: settings, changed: { [self] in changeCount.withLock { $0 += 1 } },
            exit: { pubKey, epoch in
                let message = VoluntaryExit(epoch: epoch ?? Epoch(5), validatorIndex: ValidatorIndex(7))
                return SignedVoluntaryExit(message: message, signature: Bytes96(padding: pubKey.bytes))
            })
    }

    /// A keystore of a share, as other programs make it.
    func keystore(_ key: SecretKey, password: String = "päss word") throws -> [UInt8] {
        var generator = SeededGenerator(seed: 7)
        let seed = Keystore.Seed(password: Array(password.utf8), using: &generator)
        return try Keystore.encrypt(key, cost: .insecure, seed)
    }

    func request(
        _ keys: [SecretKey], password: String = "päss word", history: SlashingHistory? = nil,
        name: (PubKey) -> PubKey = { $0 }
    ) throws -> KeystoreImport {
        KeystoreImport(
            keystores: try keys.map { try keystore($0) }, passwords: keys.map { _ in Array(password.utf8) },
            slashingProtection: history.map {
                Interchange.export($0, genesisValidatorsRoot: Self.chain, name: name).bytes()
            })
    }

    func own(_ validators: Int...) -> [SecretKey] { validators.map { scene.validators[$0].shares[0] } }

    func stop() async throws {
        try await threads.shutdown()
        try await scene.threads.shutdown()
    }
}

func mark(_ source: UInt64, _ target: UInt64) -> AttestationWatermark {
    AttestationWatermark(source: Epoch(source), target: Epoch(target), dataRoot: .zero)
}

func block(_ slot: UInt64) -> ProposalWatermark { ProposalWatermark(slot: Slot(slot), root: .zero) }
