import Ethereum

/// `cluster-lock.json`, read with everything a node needs to trust it.
package struct LockFile: Sendable {
    package static let name = "cluster-lock.json"

    package let lock: Lock
    package let keys: ClusterKeys
    /// Verifications that did not hold, to be shown to the operator. Always empty when `verify` was true.
    package let warnings: [ClusterError]

    /// Reads, decodes and verifies.
    ///
    /// - Parameters:
    ///   - verify: false (`--no-verify`) keeps failed verifications as warnings. Unreadable content and keys that are
    ///     no keys always throw.
    ///   - customNetwork: from the `--testnet-*` flags.
    package static func load(_ path: String, verify: Bool = true, customNetwork: Network? = nil)
        throws(ClusterError) -> LockFile
    {
        let bytes = try FileAccess.read(path, bytesMax: FileLimits.lockFileBytes)
        do throws(ClusterError) {
            return try LockFile(Lock(json: bytes), verify: verify, customNetwork: customNetwork)
        } catch {
            throw .inFile(path, error)
        }
    }

    /// The same for a lock in memory.
    package init(_ lock: Lock, verify: Bool = true, customNetwork: Network? = nil) throws(ClusterError) {
        let keys = try ClusterKeys(lock)
        var warnings: [ClusterError] = []
        do throws(ClusterError) { try lock.verifyHashes() } catch { warnings.append(error) }
        if verify, let failure = warnings.first { throw failure }
        do throws(ClusterError) {
            try lock.verifySignatures(keys, customNetwork: customNetwork)
        } catch {
            warnings.append(error)
        }
        if verify, let failure = warnings.first { throw failure }
        self.lock = lock
        self.keys = keys
        self.warnings = warnings
    }
}
