import Ethereum

/// `cluster-lock.json`, read with everything a node needs to trust it.
package struct LockFile: Sendable {
    package static let name = "cluster-lock.json"

    package let lock: Lock
    package let keys: ClusterKeys
    /// What was looked at. Contracts not asked count as failed until `answer` settles them.
    package private(set) var report: Verification

    /// Verifications that did not hold, to be shown to the operator. Always empty when `verify` was true.
    package var warnings: [ClusterError] { report.failures }

    /// Reads, decodes and verifies.
    ///
    /// - Parameters:
    ///   - verify: false (`--no-verify`) keeps failed verifications as warnings. Unreadable content and keys that are
    ///     no keys always throw.
    ///   - customNetwork: from the `--testnet-*` flags.
    package static func load(_ path: String, verify: Bool = true, customNetwork: Network? = nil)
        throws(ClusterError) -> LockFile
    {
        let bytes = try read(path, option: "--lock-file")
        do throws(ClusterError) {
            return try LockFile(Lock(json: bytes), verify: verify, customNetwork: customNetwork)
        } catch {
            throw .inFile(path, error)
        }
    }

    /// Who the operators are, with nothing verified: not for anything that is trusted.
    ///
    /// - Parameter option: that names the file.
    package static func operators(_ path: String, option: String = "--lock-file") throws(ClusterError) -> [Operator] {
        let bytes = try read(path, option: option)
        do throws(ClusterError) { return try Lock(json: bytes).definition.operators } catch {
            throw .inFile(path, error)
        }
    }

    private static func read(_ path: String, option: String) throws(ClusterError) -> [UInt8] {
        do throws(ClusterError) {
            return try FileAccess.read(path, bytesMax: FileLimits.lockFileBytes)
        } catch {
            throw error.at(
                option, missing: "point it to the cluster's lock, or start styx in the directory that has .charon")
        }
    }

    /// `load` for a lock in memory.
    ///
    /// With an execution client: pass `verify: false`, perform `report.contractCalls`, `answer` them, then
    /// `report.requirePassed()` unless `--no-verify`.
    package init(_ lock: Lock, verify: Bool = true, customNetwork: Network? = nil) throws(ClusterError) {
        let (report, keys) = lock.verification(customNetwork: customNetwork)
        if verify { try report.requirePassed() }
        if let keys {
            self.keys = keys
        } else {
            // Which of them are none.
            self.keys = try ClusterKeys(lock)
        }
        self.lock = lock
        self.report = report
    }

    /// What a contract said to one of `report.contractCalls`.
    package mutating func answer(_ call: ContractCall, _ answer: ContractAnswer) { report.answer(call, answer) }
}
