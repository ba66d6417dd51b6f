import Glibc

/// The nodes of a new cluster on disk, before and while they appear in the cluster directory.
///
/// Everything is written into a hidden directory inside the target first, so on the same file system, and moved at the
/// end, locks last: a failure or crash on the way leaves no directory that a node would start from, and nothing is ever
/// replaced. Source of names and modes: spec/cluster-files.md §17.
package struct ClusterStage: Sendable {
    /// Of the nodes, with the target's path.
    private let directory: String
    private let staging: String
    /// Directories that did not exist before.
    private let made: [String]
    private let nodeCount: Int

    /// Refuses before anything is done if a node is there already.
    package static func checkFree(_ directory: String, nodes: Int) throws(ClusterError) {
        for i in 0..<nodes {
            let path = FileAccess.join(directory, "node\(i)")
            guard !FileAccess.isTaken(path) else {
                throw .option(
                    "--cluster-dir",
                    "existing node directory found: \(path); nothing is overwritten, choose another directory")
            }
        }
    }

    private static let stagingPrefix = ".styx-create-"

    /// Stages of runs that were killed before they could clean up. There are keys in them.
    package static func leftovers(in directory: String) -> [String] {
        let names = (try? FileAccess.names(in: directory)) ?? []
        return names.filter { $0.hasPrefix(stagingPrefix) }.map { FileAccess.join(directory, $0) }
    }

    /// - Parameter directory: made with its parents if missing.
    package init(
        in directory: String, nodes: Int, using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        try Self.checkFree(directory, nodes: nodes)
        self.directory = directory
        nodeCount = nodes
        do throws(ClusterError) { made = try FileAccess.createDirectories(directory, mode: 0o755) } catch {
            throw error.at("--cluster-dir", missing: "name a directory that is there or can be made")
        }
        staging = FileAccess.join(directory, Self.stagingPrefix + "\(UUIDText.random(using: &generator))")
        do throws(ClusterError) {
            try FileAccess.createDirectory(staging, mode: 0o700)
        } catch {
            FileAccess.removeEmptyDirectories(made)
            throw error.at("--cluster-dir", missing: "name a directory that is there or can be made")
        }
    }

    /// What goes into one node's directory.
    package struct Node {
        package var identity: ClusterCreation.Node
        /// Nil: no keystores on disk, a keymanager has the keys.
        package var keystoreCost: Keystore.Cost?
        package var depositFiles: [DepositDataFile]
        /// The lock file's bytes.
        package var lock: [UInt8]
    }

    /// - Parameter threads: for the keystores, 54 ms each at secure cost.
    func write(
        _ index: Int, _ node: Node, threads: Int, progress: @escaping WorkProgress,
        using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        let path = nodePath(index)
        try FileAccess.createDirectory(path, mode: 0o755)
        try IdentityKeyFile.create(FileAccess.join(path, IdentityKeyFile.name), node.identity.identity)
        if let cost = node.keystoreCost {
            try KeystoreDirectory.store(
                node.identity.shares, in: FileAccess.join(path, KeystoreDirectory.name), cost: cost,
                concurrency: threads, progress: progress, using: &generator)
        }
        for file in node.depositFiles {
            try FileAccess.create(FileAccess.join(path, file.name), file.encoded(), mode: 0o444)
        }
        try FileAccess.syncDirectory(path)
        try FileAccess.create(lockPath(index), node.lock, mode: 0o400)
    }

    /// Moves the nodes to where they belong. A failure takes back what was moved.
    package func commit() throws(ClusterError) {
        var moved: [String] = []
        do throws(ClusterError) {
            for i in 0..<nodeCount {
                let target = FileAccess.join(directory, "node\(i)")
                try FileAccess.rename(nodePath(i), to: target)
                moved.append(target)
            }
            for (i, node) in moved.enumerated() {
                try FileAccess.rename(lockPath(i), to: FileAccess.join(node, LockFile.name))
                try FileAccess.syncDirectory(node)
            }
            try FileAccess.syncDirectory(directory)
        } catch {
            moved.forEach(FileAccess.removeTree)
            discard()
            throw error
        }
        FileAccess.removeTree(staging)
    }

    /// Moves one file of the stage, made by `write` in its directory, to the target instead of the nodes.
    ///
    /// - Parameter write: gets the path of a new file, and the files for it: where they are and what to call them.
    package func commit(
        as name: String, _ write: (_ path: String, _ entries: [(path: String, name: String)]) throws -> Void
    ) throws {
        let archive = FileAccess.join(staging, name)
        do {
            try write(archive, entries())
            try FileAccess.rename(archive, to: FileAccess.join(directory, name))
            try FileAccess.syncDirectory(directory)
        } catch {
            discard()
            throw error
        }
        FileAccess.removeTree(staging)
    }

    /// Leaves no trace.
    package func discard() {
        FileAccess.removeTree(staging)
        FileAccess.removeEmptyDirectories(made)
    }

    private func nodePath(_ index: Int) -> String { FileAccess.join(staging, "node\(index)") }
    private func lockPath(_ index: Int) -> String { FileAccess.join(staging, "lock\(index)") }

    /// Directories before what is in them; names relative to the target.
    private func entries() throws(ClusterError) -> [(path: String, name: String)] {
        var entries: [(path: String, name: String)] = []
        func walk(_ path: String, _ name: String) throws(ClusterError) {
            entries.append((path, name))
            guard FileAccess.isDirectory(path) else { return }
            for child in try FileAccess.names(in: path) {
                try walk(FileAccess.join(path, child), "\(name)/\(child)")
            }
        }
        for i in 0..<nodeCount {
            try walk(nodePath(i), "node\(i)")
            entries.append((lockPath(i), "node\(i)/\(LockFile.name)"))
        }
        return entries
    }
}
