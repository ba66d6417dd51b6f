import Ethereum
import SSZ

/// The directories of several nodes of one cluster side by side, as `create cluster` makes them and `combine` reads
/// them. Source: spec/cli-create.md §7.
package struct ClusterFolder: Sendable {
    /// One node's directory.
    package struct Node: Sendable {
        package let path: String
        /// Position among the different locks.
        fileprivate let lock: Int

        package var keystores: String { FileAccess.join(path, KeystoreDirectory.name) }
    }

    package let nodes: [Node]
    /// The different ones; equal locks are verified once. More than one only in a folder that cannot be trusted.
    private let files: [LockFile]
    /// What was looked at in each of them. Contracts may be asked before `requireTrust`.
    package var reports: [Verification]

    /// Every directory below with `validator_keys` in it is a node, and needs its cluster lock. Nothing is trusted
    /// before `requireTrust`.
    ///
    /// - Parameter path: the option `--cluster-dir`.
    package init(_ path: String, customNetwork: Network? = nil) throws(ClusterError) {
        var nodes: [Node] = []
        var files: [LockFile] = []
        let names: [String]
        do throws(ClusterError) { names = try FileAccess.names(in: path) } catch {
            throw error.at("--cluster-dir", missing: "point it to the directory that has one for each node")
        }
        for name in names {
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
                "no node found: no directory in \(FileAccess.absolute(path)) has \(KeystoreDirectory.name)"
                    + " and \(LockFile.name) in it; put one directory for each node there")
        }
        self.nodes = nodes
        self.files = files
        reports = files.map(\.report)
    }

    /// The cluster's lock, if all verifications hold and all nodes have the same.
    ///
    /// - Parameter verify: false (`--no-verify`) takes the last node's lock as it is.
    /// - Returns: the lock, and what does not hold: nothing when `verify` is true.
    package func requireTrust(verify: Bool) throws(ClusterError) -> (lock: LockFile, warnings: [String]) {
        guard let first = nodes.first, let last = nodes.last else { preconditionFailure("refused by init") }
        var failures: [ClusterError] = []
        for (i, file) in files.enumerated() {
            guard let node = nodes.first(where: { $0.lock == i }) else { continue }
            let path = FileAccess.join(node.path, LockFile.name)
            failures += reports[i].failures.map { .inFile(path, $0) }
            if file.lock.lockHash != files[0].lock.lockHash {
                let reason =
                    "mismatching lock hash: not the cluster of \(first.path); keep the nodes of one cluster only"
                failures.append(.inFile(path, .field("lock_hash", reason)))
            }
        }
        if verify, let failure = failures.first { throw failure }
        return (files[last.lock], failures.map(\.description))
    }
}
