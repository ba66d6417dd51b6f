import BLS
import Glibc

/// Keystores that come and go one by one. Source: remote-signer.md §D.2; the names: spec/cluster-files.md §15.
extension KeystoreDirectory {
    /// Adds a keystore as it is; durable on return. If that fails, nothing is left that could be opened later.
    ///
    /// - Parameter index: the validator's position in the lock; none of that number may be there.
    /// - Returns: the keystore's path.
    package static func add(
        _ keystore: [UInt8], password: [UInt8], index: Int, to directory: String
    ) throws(ClusterError) -> String {
        try FileAccess.createDirectories(directory, mode: 0o700)
        if let taken = try FileAccess.names(in: directory).first(where: { Self.index(ofName: $0) == index }) {
            throw .system(action: "create", path: FileAccess.join(directory, taken), code: EEXIST)
        }
        let file = File(path: FileAccess.join(directory, "keystore-\(index).json"), index: index)
        // First, so that there never is a keystore without a password. What an interrupted removal left is replaced.
        try FileAccess.replace(file.passwordPath, password, mode: 0o400, durable: true)
        do {
            try FileAccess.publish(file.path, keystore, mode: 0o444)
        } catch {
            unlink(file.path)
            unlink(file.passwordPath)
            throw error
        }
        return file.path
    }

    /// Removes a keystore, then its password; durable on return. One that is gone already is no error.
    package static func remove(_ path: String) throws(ClusterError) {
        for path in [path, File(path: path, index: nil).passwordPath] {
            guard unlink(path) == 0 || errno == ENOENT else {
                throw .system(action: "remove", path: path, code: errno)
            }
            try FileAccess.syncDirectory(FileAccess.parent(of: path))
        }
    }
}

extension Keystore {
    /// Opens a keystore that somebody sends: `decrypt`, but not of one that takes more than four times the usual work.
    package static func decrypt(sent json: [UInt8], password: [UInt8]) throws(ClusterError) -> SecretKey {
        let content = try KeystoreContent(json: json)
        if let reason = content.derivation.excess { throw .field("crypto.kdf.params", reason) }
        return try content.open(password: password)
    }
}

extension KeyDerivation {
    /// Of PBKDF2: four times the usual 2^18.
    private static let sentRoundsMax = 1 << 20
    /// Of scrypt: the usual n = 2^18, r = 8, p = 1 takes 256 MiB.
    private static let sentMemoryMax = 600 << 20

    /// Why it is not done for whoever asks.
    fileprivate var excess: String? {
        switch self {
        case .password: nil
        case .pbkdf2(_, let rounds):
            rounds > Self.sentRoundsMax ? "\(rounds) rounds; at most \(Self.sentRoundsMax) are done for a request" : nil
        case .scrypt:
            memoryBytes > Self.sentMemoryMax
                ? "scrypt of \(memoryBytes >> 20) MiB; at most \(Self.sentMemoryMax >> 20) are used for a request" : nil
        }
    }
}
