import Cluster
import Program

/// The note that keeps a second process off the identity key. Source: spec/cluster-files.md §16.
extension StyxNode {
    /// Takes the key, or says who has it; nil if the operator did not ask for it.
    func lockIdentity() throws(ClusterError) -> PrivateKeyLockFile? {
        guard configuration.isLockingPrivateKey else { return nil }
        return try PrivateKeyLockFile.acquire(
            keyPath: configuration.privateKeyFile, command: "styx run", clusterLockHash: cluster.lock.lockHash.hex,
            now: SystemClock.now())
    }

    /// Renews the note every second until cancelled. While it cannot be written another process may believe the key
    /// is free, but a node that stops for that would hurt its cluster now rather than perhaps.
    func hold(_ keyLock: PrivateKeyLockFile) async throws {
        let logger = topic("privkeylock")
        var isFailing = false
        while true {
            try await Task.sleep(for: PrivateKeyLock.refreshInterval)
            do throws(ClusterError) {
                // A hundred bytes, not synced: no work for a thread of its own.
                try keyLock.refresh(now: SystemClock.now())
                if isFailing { logger.info("private key lock renewed again") }
                isFailing = false
            } catch {
                if !isFailing { logger.error("renew private key lock", metadata: ["error": "\(error)"]) }
                isFailing = true
            }
        }
    }
}
