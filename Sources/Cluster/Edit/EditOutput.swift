import BLS
import Glibc

/// The directory that an edit leaves behind: all that a node of the changed cluster runs from, complete or not there.
/// Source: spec/dkg.md §9, vectors/dkg/README.md (11).
package struct EditOutput: Sendable {
    package static let defaultDirectory = "distributed_validator"
    private static let option = "--output-dir"
    private static let stagingPrefix = ".styx-edit-"

    /// Of the node as it runs today: copied, with the note about its use.
    package var identityFile: String
    /// The lock file's bytes.
    package var lock: [UInt8]
    /// In lock order; none where a keymanager has them.
    package var keys: [SecretKey] = []
    package var depositFiles: [DepositDataFile] = []

    package init(identityFile: String, lock: [UInt8]) {
        self.identityFile = identityFile
        self.lock = lock
    }

    /// Refuses before anything is done: a ceremony should not find this out at its end.
    package static func checkFree(_ directory: String) throws(ClusterError) {
        let parent = FileAccess.parent(of: directory)
        if let left = try? FileAccess.names(in: parent).first(where: { $0.hasPrefix(stagingPrefix) }) {
            throw .option(
                option,
                "an earlier edit was interrupted while it wrote: delete \(FileAccess.join(parent, left)), there are key"
                    + " shares in it that nobody uses")
        }
        guard FileAccess.isTaken(directory) else { return }
        guard FileAccess.isDirectory(directory), !FileAccess.isSymbolicLink(directory) else {
            throw .option(option, "\(directory) is no directory; name one that is absent or empty")
        }
        let names: [String]
        do throws(ClusterError) { names = try FileAccess.names(in: directory) } catch {
            throw error.at(option, missing: "name a directory that is absent or empty")
        }
        guard let first = names.first else { return }
        throw .option(
            option, "\(directory) is not empty (\(first) is in it); nothing is overwritten, name another directory")
    }

    /// What will be there, for people.
    package static func names(keys: Int, deposits: [String]) -> [String] {
        var names = [IdentityKeyFile.name, LockFile.name]
        if keys > 0 {
            let range = keys == 1 ? "keystore-0.json" : "keystore-0.json … keystore-\(keys - 1).json"
            names.append("\(KeystoreDirectory.name)/\(range), with passwords")
        }
        return names + deposits
    }

    /// Writes everything beside the directory and moves it there in one step; durable on return.
    ///
    /// - Parameters:
    ///   - directory: absent or empty. Missing parents are made.
    ///   - cost: insecure for tests only.
    package func write(
        to directory: String, cost: Keystore.Cost = .secure, concurrency: Int,
        progress: @escaping WorkProgress = { _, _ in true }, using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) {
        try Self.checkFree(directory)
        let identity = try IdentityKeyFile.load(identityFile)
        let parent = FileAccess.parent(of: directory)
        let made = try FileAccess.createDirectories(parent, mode: 0o755)
        let staging = FileAccess.join(parent, Self.stagingPrefix + UUIDText.random(using: &generator))
        do throws(ClusterError) {
            try FileAccess.createDirectory(staging, mode: 0o755)
            let key = FileAccess.join(staging, IdentityKeyFile.name)
            try IdentityKeyFile.create(key, identity)
            try PrivateKeyLockFile.copyNote(of: identityFile, to: key)
            if !keys.isEmpty {
                try KeystoreDirectory.store(
                    keys, in: FileAccess.join(staging, KeystoreDirectory.name), cost: cost, concurrency: concurrency,
                    progress: progress, using: &generator)
            }
            for file in depositFiles {
                try FileAccess.create(FileAccess.join(staging, file.name), file.encoded(), mode: 0o444)
            }
            try FileAccess.create(FileAccess.join(staging, LockFile.name), lock, mode: 0o444)
            try FileAccess.syncDirectory(staging)
            // The system refuses a directory with content.
            try FileAccess.move(staging, to: directory)
            try FileAccess.syncDirectory(parent)
        } catch {
            FileAccess.removeTree(staging)
            FileAccess.removeEmptyDirectories(made)
            throw error
        }
    }
}

extension PrivateKeyLockFile {
    private static let bytesMax = 64 << 10

    /// The note beside an identity key: who used it last, and in which cluster.
    package static func note(of keyPath: String) throws(ClusterError) -> PrivateKeyLock? {
        guard let bytes = try noteBytes(of: keyPath) else { return nil }
        do throws(ClusterError) { return try PrivateKeyLock(json: bytes) } catch {
            throw .inFile(
                keyPath + ".lock",
                .field("private key lock", "\(error); delete this file if no other process uses the key"))
        }
    }

    /// Whoever uses the copy of a key has to wait as the key has to.
    static func copyNote(of keyPath: String, to copy: String) throws(ClusterError) {
        guard let bytes = try noteBytes(of: keyPath) else { return }
        try FileAccess.replace(copy + ".lock", bytes, mode: 0o644, durable: true)
    }

    private static func noteBytes(of keyPath: String) throws(ClusterError) -> [UInt8]? {
        let path = keyPath + ".lock"
        return FileAccess.isTaken(path) ? try FileAccess.read(path, bytesMax: bytesMax) : nil
    }
}
