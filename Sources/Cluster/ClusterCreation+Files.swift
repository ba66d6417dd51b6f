import Glibc

extension ClusterCreation {
    /// Writes `node0`, `node1`, … into the cluster directory. Source of names and modes: spec/cluster-files.md §17.
    ///
    /// Everything is written into a hidden directory beside the target first and moved at the end, locks last: a
    /// failure or crash on the way leaves no directory that a node would start from, and nothing is ever replaced.
    /// - Parameters:
    ///   - directory: made with its parents if missing.
    ///   - concurrency: threads for the keystores, 54 ms each at secure cost.
    package func write(
        to directory: String, concurrency: Int, using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        for i in nodes.indices {
            let path = FileAccess.join(directory, "node\(i)")
            guard !FileAccess.exists(path) else {
                throw .option("--cluster-dir", "existing node directory found: \(path); choose another directory")
            }
        }
        try FileAccess.createDirectories(directory, mode: 0o755)
        let staging = FileAccess.join(directory, ".styx-create-\(UUIDText.random(using: &generator))")
        try FileAccess.createDirectory(staging, mode: 0o700)
        defer { FileAccess.removeTree(staging) }

        let lockBytes = try lock.encoded()
        for i in nodes.indices {
            let path = FileAccess.join(staging, "node\(i)")
            try write(nodes[i], to: path, concurrency: concurrency, using: &generator)
            try FileAccess.create(FileAccess.join(staging, "lock\(i)"), lockBytes, mode: 0o400)
        }
        try move(from: staging, to: directory)
    }

    private func write(
        _ node: Node, to path: String, concurrency: Int, using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        try FileAccess.createDirectory(path, mode: 0o755)
        try IdentityKeyFile.create(FileAccess.join(path, IdentityKeyFile.name), node.identity)
        try KeystoreDirectory.store(
            node.shares, in: FileAccess.join(path, KeystoreDirectory.name), cost: insecureKeys ? .insecure : .secure,
            concurrency: concurrency, using: &generator)
        for file in depositFiles {
            try FileAccess.create(FileAccess.join(path, file.name), file.encoded(), mode: 0o444)
        }
        try FileAccess.syncDirectory(path)
    }

    /// First the nodes without their locks, then the locks. A failure takes back what was moved.
    private func move(from staging: String, to directory: String) throws(ClusterError) {
        var moved: [String] = []
        do throws(ClusterError) {
            for i in nodes.indices {
                let target = FileAccess.join(directory, "node\(i)")
                try FileAccess.rename(FileAccess.join(staging, "node\(i)"), to: target)
                moved.append(target)
            }
            for (i, node) in moved.enumerated() {
                try FileAccess.rename(
                    FileAccess.join(staging, "lock\(i)"), to: FileAccess.join(node, LockFile.name))
                try FileAccess.syncDirectory(node)
            }
            try FileAccess.syncDirectory(directory)
        } catch {
            moved.forEach(FileAccess.removeTree)
            throw error
        }
    }

    /// What `create cluster` prints.
    ///
    /// - Parameter directory: absolute.
    package func summary(directory: String) -> String {
        let root = directory.hasSuffix("/") ? directory : directory + "/"
        return """
            Created charon cluster:
             --split-existing-keys=false

            \(root)
            ├─ node[0-\(nodes.count - 1)]/\t\t\tDirectory for each node
            │  ├─ charon-enr-private-key\tCharon networking private key for node authentication
            │  ├─ cluster-lock.json\t\tCluster lock defines the cluster lock file which is signed by all nodes
            │  ├─ deposit-data-*.json\tDeposit data files are used to activate a Distributed Validator on the DV Launchpad
            │  ├─ validator_keys\t\tValidator keystores and password
            │  │  ├─ keystore-*.json\tValidator private share key for duty signing
            │  │  ├─ keystore-*.txt\t\tKeystore password files for keystore-*.json

            """
    }
}
