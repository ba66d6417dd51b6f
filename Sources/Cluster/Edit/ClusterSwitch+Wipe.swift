extension ClusterSwitch {
    /// Destroys the key shares of a directory that a switch has left, once those in use are whole.
    ///
    /// Its lock and journal stay. On a disk that writes elsewhere when it overwrites, remnants may be found by force.
    /// - Parameters:
    ///   - directory: the node's, in use.
    ///   - old: one that `keptDirectories` named.
    /// - Returns: how many keystores are gone.
    package static func wipe(
        _ old: String, replacedBy directory: String, concurrency: Int
    ) throws(ClusterError) -> Int {
        guard try keptDirectories(of: directory).contains(old) else {
            throw .option("--wipe-old", "\(old) is not what a switch of \(directory) has left")
        }
        // Verified in full, whatever was given elsewhere: after this there is no way back.
        let new = try LockFile.load(FileAccess.join(directory, LockFile.name))
        let identity = try IdentityKeyFile.load(FileAccess.join(directory, IdentityKeyFile.name), option: "--from")
        guard let peer = new.keys.peerIndex(of: identity.publicKey) else {
            throw .option("--from", "\(directory): the identity key belongs to no operator of its lock")
        }
        let keystores = FileAccess.join(directory, KeystoreDirectory.name)
        let shares = try KeystoreDirectory.loadSequenced(keystores, concurrency: concurrency)
        do throws(ClusterError) { try new.keys.verify(shares: shares, ofPeer: peer) } catch {
            throw .inFile(keystores, error)
        }
        let replaced = try LockFile.load(FileAccess.join(old, LockFile.name), verify: false)
        let known = Set(new.lock.validators.map(\.publicKey))
        guard replaced.lock.validators.allSatisfy({ known.contains($0.publicKey) }) else {
            throw .option("--wipe-old", "\(old) has validators that \(directory) has no shares of; nothing was wiped")
        }
        let wiped = FileAccess.join(old, KeystoreDirectory.name)
        guard FileAccess.isDirectory(wiped) else { return 0 }
        let names = try FileAccess.names(in: wiped)
        // Passwords first: a keystore without its password is worth as little.
        for name in names.sorted(by: { $0.hasSuffix(".txt") && !$1.hasSuffix(".txt") }) {
            try FileAccess.wipe(FileAccess.join(wiped, name))
        }
        try FileAccess.syncDirectory(wiped)
        return names.count { $0.hasSuffix(".json") }
    }
}
