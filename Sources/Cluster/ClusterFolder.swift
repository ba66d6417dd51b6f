import Ethereum
import SSZ

/// The directories of several nodes of one cluster side by side, as `create cluster` makes them and `combine` reads
/// them. Source: spec/cli-create.md §7.
package struct ClusterFolder: Sendable {
    /// One node's directory.
    package struct Node: Sendable {
        package let path: String
        /// Equal locks are verified once.
        fileprivate let lock: Int

        package var keystores: String { FileAccess.join(path, KeystoreDirectory.name) }
    }

    package let nodes: [Node]
    /// Different ones; more than one only in a folder that cannot be trusted.
    private var files: [LockFile]

    /// Every directory below with `validator_keys` in it is a node, and needs its cluster lock. Nothing is trusted
    /// before `requireTrust`.
    ///
    /// - Parameter path: the option `--cluster-dir`.
    package init(_ path: String, customNetwork: Network? = nil) throws(ClusterError) {
        var nodes: [Node] = []
        var files: [LockFile] = []
        for name in try FileAccess.names(in: path) {
            let directory = FileAccess.join(path, name)
            guard FileAccess.isDirectory(FileAccess.join(directory, KeystoreDirectory.name)) else { continue }
            let lockPath = FileAccess.join(directory, LockFile.name)
            let bytes = try FileAccess.read(lockPath, bytesMax: FileLimits.lockFileBytes)
            do throws(ClusterError) {
                let lock = try Lock(json: bytes)
                if let known = files.firstIndex(where: { $0.lock == lock }) {
                    nodes.append(Node(path: directory, lock: known))
                } else {
                    nodes.append(Node(path: directory, lock: files.count))
                    files.append(try LockFile(lock, verify: false, customNetwork: customNetwork))
                }
            } catch {
                throw .inFile(lockPath, error)
            }
        }
        guard !nodes.isEmpty else {
            throw .option(
                "--cluster-dir",
                "no manifest file found: \(FileAccess.absolute(path)) has no directory with"
                    + " \(KeystoreDirectory.name) and \(LockFile.name) in it; put one directory for each node there")
        }
        self.nodes = nodes
        self.files = files
    }

    /// Contracts to ask before trusting; see `Verification`.
    package var contractCalls: [ContractCall] {
        files.flatMap(\.report.contractCalls).reduce(into: []) { calls, call in
            if !calls.contains(call) { calls.append(call) }
        }
    }

    package mutating func answer(_ call: ContractCall, _ answer: ContractAnswer) {
        for i in files.indices { files[i].answer(call, answer) }
    }

    /// The cluster's lock, if all verifications hold and all nodes have the same.
    ///
    /// - Parameter verify: false (`--no-verify`) takes the last node's lock as it is.
    /// - Returns: with what does not hold. Empty when `verify` is true.
    package func requireTrust(verify: Bool) throws(ClusterError) -> (lock: LockFile, warnings: [String]) {
        guard let first = nodes.first, let last = nodes.last else { preconditionFailure("refused by init") }
        var failures: [ClusterError] = []
        for (i, file) in files.enumerated() {
            guard let node = nodes.first(where: { $0.lock == i }) else { continue }
            let path = FileAccess.join(node.path, LockFile.name)
            failures += file.report.failures.map { .inFile(path, $0) }
            if file.lock.lockHash != files[0].lock.lockHash {
                failures.append(
                    .inFile(
                        path,
                        .verification(
                            field: "lock_hash",
                            "mismatching lock hash: not the lock of \(first.path), so these are nodes of two clusters"))
                )
            }
        }
        if verify, let failure = failures.first { throw failure }
        return (files[last.lock], failures.map(\.description))
    }
}
