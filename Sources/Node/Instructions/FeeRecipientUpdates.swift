import Cluster
import ClusterSetup
import Cosigning
import Ethereum
import Logging
import Program

/// Takes up registrations that the operators have agreed on, from where they left them
/// (`--fetch-feerecipient-updates`). Nothing is written: the overrides file is the operator's.
///
/// Source: workflow.md §5.7.
final class FeeRecipientUpdates: Sendable {
    typealias Poll = @Sendable (_ held: Registrations) async throws -> AgreedRegistrations

    /// While validators are left for which nothing is agreed on.
    private static let pauseWhileOpen = Duration.seconds(3600)
    private static let pauseWhenComplete = Duration.seconds(24 * 3600)

    private let book: RegistrationBook
    private let poll: Poll
    private let logger: Logger

    init(book: RegistrationBook, logger: Logger, poll: @escaping Poll) {
        self.book = book
        self.poll = poll
        self.logger = logger
    }

    /// Until cancelled.
    ///
    /// - Parameter changed: called whenever other registrations hold than before.
    func run(changed: @Sendable () -> Void) async {
        while !Task.isCancelled {
            let outcome = await look()
            if outcome.isChanged { changed() }
            do { try await Task.sleep(for: outcome.pause) } catch { return }
        }
    }

    /// Asks once. A service that does not answer, or lies, changes nothing.
    func look() async -> (isChanged: Bool, pause: Duration) {
        do {
            let agreed = try await poll(book.current)
            for fault in agreed.faults {
                logger.warning("fee recipient update not used", metadata: ["error": "\(fault)"])
            }
            let changed = book.take(agreed.overrides)
            if !changed.isEmpty {
                logger.info("fee recipients updated", metadata: ["validators": "\(changed.count)"])
            }
            return (!changed.isEmpty, agreed.isComplete ? Self.pauseWhenComplete : Self.pauseWhileOpen)
        } catch {
            if !(error is CancellationError), !Task.isCancelled {
                logger.warning(
                    "no fee recipient updates; what is known goes on to hold", metadata: ["error": "\(error)"])
            }
            return (false, Self.pauseWhileOpen)
        }
    }
}

extension StyxNode {
    /// Nil unless asked for.
    func feeRecipientUpdates(_ book: RegistrationBook) -> FeeRecipientUpdates? {
        guard configuration.fetchesFeeRecipientUpdates, let address = try? configuration.publishURL() else {
            return nil
        }
        let logger = topic("eth2")
        guard let network = cluster.network else {
            logger.warning("--fetch-feerecipient-updates does nothing: the lock is of a network that is not known")
            return nil
        }
        let verified = VerifiedCluster(cluster.lock, cluster.clusterKeys, network)
        let timeout = configuration.publishTimeout
        return FeeRecipientUpdates(book: book, logger: logger) { held in
            try await WebClient.with { web in
                try await AgreedRegistrations.poll(
                    verified, ObolAPI(address, timeout: timeout, web: web), held: held.signed)
            }
        }
    }
}

extension NodeConfiguration {
    /// - Throws: for what is no URL. Never repeats it: it may hold a password.
    func publishURL() throws(ConfigurationError) -> ServiceURL {
        do throws(ServiceURL.Fault) {
            return try ServiceURL(publishAddress)
        } catch {
            throw ConfigurationError(
                flag: "publish-address", what: "is \(error)", cure: "write e.g. \(ObolAPI.defaultAddress)")
        }
    }
}
