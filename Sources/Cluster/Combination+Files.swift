import Glibc

extension Combination {
    /// Opens the keystores of all nodes and recovers the keys.
    ///
    /// - Parameters:
    ///   - lock: the folder's, trusted.
    ///   - progress: over the keystores of all nodes.
    package init(
        _ folder: ClusterFolder, lock: LockFile, concurrency: Int, progress: @escaping WorkProgress = { _, _ in true }
    ) throws(ClusterError) {
        let shares = try KeystoreDirectory.loadSequenced(
            folder.nodes.map(\.keystores), concurrency: concurrency, progress: progress)
        try self.init(
            lock: lock.lock, keys: lock.keys,
            nodes: zip(folder.nodes, shares).map { (name: $0.keystores, shares: $1) })
    }

    private static let stagingPrefix = ".styx-combine-"

    /// Refuses a directory with keystores in it, unless they are to be replaced. To be called before the long work too.
    ///
    /// - Parameter replacing: the option `--force`.
    package static func checkOutput(_ directory: String, replacing: Bool) throws(ClusterError) {
        guard FileAccess.isTaken(directory) else { return }
        if let left = try FileAccess.names(in: directory).first(where: { $0.hasPrefix(stagingPrefix) }) {
            throw .option(
                "--output-dir",
                "an earlier combine was interrupted: \(FileAccess.join(directory, left)) holds whole keys in new/, and"
                    + " in old/ what they were to replace; keep what you need, delete it, then try again")
        }
        guard let first = try keystoreFiles(in: directory).first, !replacing else { return }
        throw .option(
            "--output-dir",
            "refusing to overwrite existing private key share \(FileAccess.join(directory, first));"
                + " choose another directory, or --force to replace all keystores in it")
    }

    /// Writes `keystore-N.json` and `.txt` for validator N, durable on return.
    ///
    /// Everything is made in a hidden directory inside the output directory, then moved to its place, number 0 last:
    /// after a failure all is as before, after a crash there is no `keystore-0.json`, so no complete set. Old keystores
    /// (with `replacing`) are deleted when the new ones stand.
    /// - Parameters:
    ///   - directory: made with its parents (0755) if missing. Other files in it stay.
    ///   - cost: insecure for tests only.
    package func write(
        to directory: String, replacing: Bool, cost: Keystore.Cost = .secure, concurrency: Int,
        progress: @escaping WorkProgress = { _, _ in true }, using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        try Self.checkOutput(directory, replacing: replacing)
        let isNew = !FileAccess.isDirectory(directory)
        try FileAccess.createDirectories(directory, mode: 0o755)
        let staging = FileAccess.join(directory, "\(Self.stagingPrefix)\(UUIDText.random(using: &generator))")
        defer {
            FileAccess.removeTree(staging)
            // Only if it is empty again.
            if isNew { rmdir(directory) }
        }
        let (new, old) = (FileAccess.join(staging, "new"), FileAccess.join(staging, "old"))
        try FileAccess.createDirectory(staging, mode: 0o700)
        try FileAccess.createDirectory(old, mode: 0o700)
        try KeystoreDirectory.store(
            keys, in: new, cost: cost, concurrency: concurrency, progress: progress, using: &generator)
        try Self.exchange(new, with: directory, old)
    }

    /// Moves old keystores away and the new ones in. A failure takes it all back.
    private static func exchange(_ new: String, with directory: String, _ old: String) throws(ClusterError) {
        var moves: [(from: String, to: String)] = try keystoreFiles(in: directory).map { name in
            (FileAccess.join(directory, name), FileAccess.join(old, name))
        }
        moves += try lastNumberFirst(keystoreFiles(in: new)).map { name in
            (FileAccess.join(new, name), FileAccess.join(directory, name))
        }
        var done: [(from: String, to: String)] = []
        do throws(ClusterError) {
            for move in moves {
                try FileAccess.rename(move.from, to: move.to)
                done.append(move)
            }
            try FileAccess.syncDirectory(directory)
        } catch {
            for move in done.reversed() { try? FileAccess.rename(move.to, to: move.from) }
            throw error
        }
    }

    /// A password before its keystore, `keystore-0.json` at the very end.
    private static func lastNumberFirst(_ names: [String]) -> [String] {
        let numbered = names.map { name in
            let json = name.hasSuffix(".txt") ? name.dropLast(".txt".count) + ".json" : name
            return (name, KeystoreDirectory.index(ofName: json) ?? 0, name.hasSuffix(".txt"))
        }
        return numbered.sorted { a, b in a.1 != b.1 ? a.1 > b.1 : a.2 && !b.2 }.map(\.0)
    }

    private static func keystoreFiles(in directory: String) throws(ClusterError) -> [String] {
        try FileAccess.names(in: directory).filter { name in
            name.hasPrefix("keystore-") && (name.hasSuffix(".json") || name.hasSuffix(".txt"))
        }
    }

    /// What the command prints: what was done, and what to do next.
    ///
    /// - Parameter nodes: directories read.
    package func summary(directory: String, nodes: Int) -> String {
        let shown = 10
        var lines = publicKeys.prefix(shown).enumerated().map { "  keystore-\($0).json  \($1.bytes)" }
        if publicKeys.count > shown { lines.append("  … and \(publicKeys.count - shown) more") }
        return """
            Combined the key shares of \(nodes) nodes (threshold \(threshold)) into \(keys.count) whole validator \
            \(keys.count == 1 ? "key" : "keys").
            Each was checked against the cluster lock. Written to \(FileAccess.absolute(directory)):
            \(lines.joined(separator: "\n"))
            The password of keystore-N.json is in keystore-N.txt.

            \(Notice(
                "These are whole keys: whoever has one controls its validator",
                [
                    "Do not use them while the cluster runs: two signers of one key get slashed.",
                    "To move the validators to an ordinary validator client:",
                    " 1. stop all nodes of the cluster and their validator clients, for good;",
                    " 2. wait 3 epochs (20 minutes on mainnet) and see that the validators attest no more;",
                    " 3. only then import these keystores, with doppelganger protection switched on.",
                ]).text)

            """
    }
}
