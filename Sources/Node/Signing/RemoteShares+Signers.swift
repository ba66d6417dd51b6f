import BLS
import Cosigning
import Ethereum
import Logging
import NIOCore
import Program
import RemoteSigner
import SSZ

/// Commands sign by remote signers as a node does.
extension RemoteShares {
    /// For all orders of a command, and for each beside it.
    private static let patience = Duration.seconds(30)
    private static let patienceEach = Duration.milliseconds(250)

    /// - Throws: for flags or files that cannot be used.
    package init(_ flags: RemoteSignerFlags, logger: Logger) throws(ConfigurationError) {
        try flags.validate(isUsed: true)
        let configuration = try flags.configuration()
        self.init { orders in await Self.sign(orders, configuration, logger) }
    }

    private static func sign(
        _ orders: [Order], _ configuration: SignerConfiguration, _ logger: Logger
    ) async -> [Outcome] {
        let threads = CryptoThreads(threads: 1)
        let verifier = SignatureVerifier(threads: threads)
        let keys = Dictionary(orders.map { ($0.share.bytes, $0.share) }, uniquingKeysWith: { first, _ in first })
        let client = SignerClient(
            configuration,
            check: { made, done in
                let claims = made.compactMap { claim in
                    keys[claim.key].map {
                        SignatureVerifier.Claim(key: $0, signature: claim.signature, root: claim.root)
                    }
                }
                precondition(claims.count == made.count, "nobody is asked for another operator's signature")
                return verifier.verify(claims, done: done)
            }, listed: { _ in }, logger: logger)
        client.start()
        let (told, sink) = AsyncStream.makeStream(of: SignerOutcome.self)
        client.sign(
            orders.map { SigningOrder(key: $0.share.bytes, root: $0.root, body: $0.body) }, .rest,
            until: ContinuousClock.now + patience + patienceEach * orders.count
        ) { sink.yield($0) }
        var outcomes: [Int: Outcome] = [:]
        for await outcome in told {
            for (position, signature) in outcome.signatures { outcomes[position] = .signature(signature) }
            for (position, failure) in outcome.failures {
                outcomes[position] = failure == .noKey ? .missing : .failed("\(failure)")
            }
            if outcomes.count == orders.count { break }
        }
        await client.shutdown()
        try? await threads.shutdown()
        // A command that is interrupted has told nobody anything.
        return orders.indices.map { outcomes[$0] ?? .failed("interrupted") }
    }
}

extension RemoteShares.Order {
    fileprivate var body: ByteBuffer {
        let request =
            switch message {
            case .exit(let exit, let version, let since, let genesisValidatorsRoot):
                SigningRequest(
                    exit: exit, signingRoot: root, version: version, since: since,
                    genesisValidatorsRoot: genesisValidatorsRoot)
            case .deposit(let deposit, let version):
                SigningRequest(deposit: deposit, signingRoot: root, genesisForkVersion: version)
            case .registration(let registration): SigningRequest(registration: registration, signingRoot: root)
            }
        return ByteBuffer(bytes: request.json.bytes())
    }
}
