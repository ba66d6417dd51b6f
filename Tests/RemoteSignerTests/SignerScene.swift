import BLS
import ClusterSetup
import DutyWorkflow
import Ethereum
import Logging
import NIOCore
import SSZ
import Synchronization
import Testing

@testable import RemoteSigner

/// A client with real keys and what it tells and logs.
final class SignerScene: Sendable {
    /// Lines of the log at `warning` and above.
    struct Lines: LogHandler {
        let scene: SignerScene
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let facts = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
            scene.note("\(event.level) \(event.message) \(facts.joined(separator: " "))")
        }
    }

    private let all = Mutex<[String]>([])
    private let latest = Mutex<[Set<PubShare>?]>([])
    private let listed: AsyncStream<[Set<PubShare>?]>
    private let listedSink: AsyncStream<[Set<PubShare>?]>.Continuation

    init() { (listed, listedSink) = AsyncStream.makeStream(of: [Set<PubShare>?].self) }

    private func note(_ line: String) { all.withLock { $0.append(line) } }

    /// Log lines of warnings and errors.
    var warnings: [String] { all.withLock { $0.filter { $0.hasPrefix("warning") || $0.hasPrefix("error") } } }
    var log: String { all.withLock { $0.joined(separator: "\n") } }

    /// Returns when the signers' lists are such.
    func waitForLists(_ isSuch: ([Set<PubShare>?]) -> Bool) async {
        for await lists in listed where isSuch(lists) { return }
    }

    static func key(_ number: Int) -> SecretKey {
        let bytes = [UInt8](repeating: 0, count: 31) + [UInt8(number + 1)]
        guard let key = try? SecretKey(bytes: bytes) else { preconditionFailure("no key") }
        return key
    }

    /// Runs `body` with a client that has asked for lists.
    static func run<R: Sendable>(
        _ urls: [String], timeout: Duration = .seconds(20), tls: SignerTLS? = nil,
        change: (inout SignerConfiguration) -> Void = { _ in },
        _ body: (SignerClient, SignerScene) async throws -> R
    ) async throws -> R {
        let scene = SignerScene()
        var configuration = SignerConfiguration(urls: try urls.map { try ServiceURL($0) }, timeout: timeout, tls: tls)
        change(&configuration)
        let client = SignerClient(
            configuration,
            check: { claims, done in
                done(
                    claims.map { claim in
                        guard let key = try? PublicKey(claim.key), let signature = try? Signature(claim.signature)
                        else {
                            return false
                        }
                        return key.verify(signature, over: claim.root)
                    })
                return true
            }, listed: { lists in scene.listedSink.yield(lists.map(\.keys)) },
            logger: Logger(label: "test") { _ in Lines(scene: scene) })
        client.start()
        do {
            let result = try await body(client, scene)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    /// Votes for different blocks, one for each key.
    static func orders(_ keys: [SecretKey]) -> [SigningOrder] {
        keys.enumerated().map { number, key in
            let message = SyncCommitteeMessage(
                slot: Slot(640), beaconBlockRoot: Root(padding: [UInt8(number + 1)]), validatorIndex: .zero,
                signature: .zero)
            let request = SigningRequest(.syncMessage(message), in: SigningRequestTests.domains)
            return SigningOrder(
                key: key.publicKey.bytes, root: request.signingRoot, body: ByteBuffer(bytes: request.json.bytes()))
        }
    }
}

extension SignerClient {
    /// All that becomes of the orders, once all is told.
    func outcome(of orders: [SigningOrder], within: Duration = .seconds(60)) async -> SignerOutcome {
        let sum = Mutex(SignerOutcome())
        return await withCheckedContinuation { continuation in
            sign(orders, .attester, until: .now + within) { part in
                let whole = sum.withLock { sum -> SignerOutcome? in
                    sum.signatures.merge(part.signatures) { old, _ in old }
                    sum.failures.merge(part.failures) { old, _ in old }
                    sum.setbacks.formUnion(part.setbacks)
                    return sum.signatures.count + sum.failures.count == orders.count ? sum : nil
                }
                if let whole { continuation.resume(returning: whole) }
            }
        }
    }
}
