import Ethereum
import Glibc
import SSZ

/// The note beside an identity key that says who uses it now: two running nodes with one key could both vote.
///
/// Whoever runs rewrites it every second, and leaves it behind on exit. Source: spec/cluster-files.md §16.
package struct PrivateKeyLock: Equatable, Sendable {
    /// How often the owner rewrites it.
    package static let refreshInterval = Duration.seconds(1)
    /// A note younger than this has a living owner.
    package static let staleAfter = Duration.seconds(5)
    /// How long a key must rest before another cluster uses it: two epochs of mainnet.
    package static let clusterChangeAfter = Duration.seconds(768)

    /// Shown to whoever is refused, for example `charon run`.
    package var command: String
    package var timestamp: Instant
    /// `0x` hex, or empty when there was no lock.
    package var clusterLockHash: String

    package init(command: String, timestamp: Instant, clusterLockHash: String) {
        self.command = command
        self.timestamp = timestamp
        self.clusterLockHash = clusterLockHash
    }

    package init(json bytes: [UInt8]) throws(ClusterError) {
        let members = try JSONMembers(JSONValue(clusterFile: bytes, bytesMax: 64 << 10), path: "")
        command = try members.string("command")
        clusterLockHash = try members.string("cluster_lock_hash")
        guard let timestamp = RFC3339.parse(try members.string("timestamp")) else {
            throw .field("timestamp", "not a time of RFC 3339")
        }
        self.timestamp = timestamp
    }

    /// One line.
    package func encoded() -> [UInt8] {
        var object = JSONObject([
            ("command", .string(command)), ("timestamp", .string(RFC3339.nanoseconds(timestamp))),
        ])
        if !clusterLockHash.isEmpty { object.append("cluster_lock_hash", .string(clusterLockHash)) }
        return JSONValue.object(object).bytes()
    }

    /// Whether this note, found at start-up, leaves the key free.
    package func checkFree(at now: Instant, clusterLockHash current: String) throws(ClusterError) {
        let age = now - timestamp
        guard age >= .zero else {
            throw .field(
                "private key lock",
                "\"\(command)\" wrote it at \(RFC3339.seconds(timestamp)), which is in the future:"
                    + " another charon instance may be running on a machine whose clock differs; set the clocks")
        }
        guard age > Self.staleAfter else {
            throw .field(
                "private key lock",
                "\"\(command)\" used this key until \(RFC3339.seconds(timestamp)): another charon instance may be running;"
                    + " stop it and wait \(Self.staleAfter.components.seconds) seconds")
        }
        guard clusterLockHash.isEmpty || clusterLockHash == current || age >= Self.clusterChangeAfter else {
            let wait = (Self.clusterChangeAfter - age).components.seconds + 1
            throw .field(
                "private key lock",
                "this key was used with another cluster lock (\(clusterLockHash)); wait \(wait) seconds before using it here"
            )
        }
    }
}

/// The note's file: `<identity key>.lock`.
package struct PrivateKeyLockFile: Sendable {
    package let path: String
    private let command: String
    private let clusterLockHash: String

    /// Takes the key, or refuses. Call `refresh` every second from then on.
    package static func acquire(
        keyPath: String, command: String, clusterLockHash: String, now: Instant
    ) throws(ClusterError) -> PrivateKeyLockFile {
        guard FileAccess.isRegularFile(keyPath) else {
            throw .inFile(keyPath, .field("identity key", "no such file"))
        }
        var status = stat()
        let directory = FileAccess.parent(of: keyPath)
        guard stat(directory, &status) == 0, status.st_mode & S_IWUSR != 0 else {
            throw .system(action: "write the private key lock into", path: directory, code: EACCES)
        }
        let file = PrivateKeyLockFile(path: keyPath + ".lock", command: command, clusterLockHash: clusterLockHash)
        if FileAccess.exists(file.path) {
            let bytes = try FileAccess.read(file.path, bytesMax: 64 << 10)
            let note: PrivateKeyLock
            do throws(ClusterError) { note = try PrivateKeyLock(json: bytes) } catch {
                throw .inFile(
                    file.path,
                    .field("private key lock", "\(error); delete this file if no other process uses the key"))
            }
            do throws(ClusterError) { try note.checkFree(at: now, clusterLockHash: clusterLockHash) } catch {
                throw .inFile(file.path, error)
            }
        }
        try file.refresh(now: now)
        return file
    }

    /// Says that the owner is alive.
    package func refresh(now: Instant) throws(ClusterError) {
        let note = PrivateKeyLock(command: command, timestamp: now, clusterLockHash: clusterLockHash)
        try FileAccess.replace(path, note.encoded(), mode: 0o644, durable: false)
    }
}
