import Cluster
import Ethereum
import Logging
import Synchronization

/// Follows the file of registrations that override the lock's. A file that cannot be used changes nothing and stops
/// nothing: what held before it goes on to hold. Source: workflow.md §5.7; cluster-files.md §12.1.
final class OverridesFile: Sendable {
    private static let lookEvery = Duration.seconds(5)

    private let path: String
    private let keys: ClusterKeys
    private let forkVersion: ForkVersion
    private let book: RegistrationBook
    private let threads: CryptoThreads
    private let logger: Logger
    /// Of the file that was read last, good or bad.
    private let seen = Mutex<FileAccess.Fingerprint?>(nil)

    init(
        path: String, keys: ClusterKeys, forkVersion: ForkVersion, book: RegistrationBook, threads: CryptoThreads,
        logger: Logger
    ) {
        self.path = path
        self.keys = keys
        self.forkVersion = forkVersion
        self.book = book
        self.threads = threads
        self.logger = logger
    }

    /// Until cancelled.
    ///
    /// - Parameter changed: called whenever other registrations hold than before.
    func run(changed: @Sendable () -> Void) async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: Self.lookEvery) } catch { return }
            if await look() { changed() }
        }
    }

    /// Reads the file if it is another one than last time.
    ///
    /// - Returns: whether other registrations hold now.
    func look() async -> Bool {
        let now = FileAccess.Fingerprint(path)
        let before = seen.withLock { seen in
            defer { seen = now }
            return seen
        }
        guard now != before else { return false }
        guard now != nil else {
            logger.warning(
                "the overrides file is gone: what it said holds until this node is restarted",
                metadata: ["path": "\(path)"])
            return false
        }
        do {
            let overrides = try await threads.run { [path, keys, forkVersion] in
                try RegistrationOverrides.load(path, keys: keys, forkVersion: forkVersion)
            }
            let changed = book.take(overrides)
            logger.info(
                "overrides file read",
                metadata: [
                    "path": "\(path)", "validators": "\(overrides.registrations.count)", "newer": "\(changed.count)",
                    "of_other_clusters": "\(overrides.foreignCount)",
                ])
            return !changed.isEmpty
        } catch {
            if error is ClusterError {
                logger.error(
                    "overrides file not used: fee recipients and builder registrations stay as they were",
                    metadata: ["error": "\(error)"])
            } else {
                // The threads are stopping.
                seen.withLock { $0 = before }
            }
            return false
        }
    }
}
