import Foundation
import Synchronization

/// Exclusive advisory lock (`flock`) on a file beside the journal: one process, one journal. The file also holds the
/// journal's mark.
///
/// SQLite's own exclusive mode holds a second lock, on the database itself; that one still protects when somebody
/// deletes the lock file of a running node. The kernel releases both when the process dies, however it dies.
final class FileLock: Sendable {
    /// What the lock file says.
    enum Mark: Equatable {
        /// Nothing: there was no journal yet, or one of an earlier version.
        case none
        case known(JournalMark)
        /// Something that is no mark.
        case damaged
    }

    private let descriptor: Mutex<Int32?>
    private let path: String

    /// Takes the lock of the journal `journal`, whose file is made if needed, without waiting.
    convenience init(journal: String) throws(JournalError) {
        try self.init(journal, flags: O_RDWR | O_CREAT)
    }

    /// To read a journal that nobody may write meanwhile. nil if there is no lock file: nothing is made.
    static func reading(_ journal: String) throws(JournalError) -> FileLock? {
        guard FileIdentity(journal + ".lock") != nil else { return nil }
        return try FileLock(journal, flags: O_RDONLY)
    }

    private init(_ journal: String, flags: Int32) throws(JournalError) {
        path = journal + ".lock"
        let file = open(path, flags | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .file(action: "open lock file", path: path, reason: systemReason()) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(file)
            if code == EWOULDBLOCK { throw .inUse(path: journal) }
            throw .file(action: "lock file", path: path, reason: systemReason(code))
        }
        descriptor = Mutex(file)
    }

    deinit { release() }

    func release() {
        descriptor.withLock {
            if let file = $0 { close(file) }
            $0 = nil
        }
    }

    func mark() throws(JournalError) -> Mark {
        var buffer = [UInt8](repeating: 0, count: JournalMark.bytesMax)
        let count = descriptor.withLock { file in file.map { pread($0, &buffer, buffer.count, 0) } ?? 0 }
        guard count >= 0 else { throw .file(action: "read lock file", path: path, reason: systemReason()) }
        guard count > 0 else { return .none }
        let text = String(decoding: buffer.prefix(count), as: UTF8.self)
        return JournalMark(text: text).map { .known($0) } ?? .damaged
    }

    /// - Parameter mark: nil to forget the journal that was there.
    /// - Parameter durable: whether to wait for the disk. A mark that stays behind only protects less.
    func set(_ mark: JournalMark?, durable: Bool) throws(JournalError) {
        let bytes = Array((mark?.text ?? "").utf8)
        let code = descriptor.withLock { file -> Int32 in
            guard let file else { return 0 }
            guard pwrite(file, bytes, bytes.count, 0) == bytes.count, ftruncate(file, off_t(bytes.count)) == 0,
                !durable || fsync(file) == 0
            else { return errno == 0 ? EIO : errno }
            return 0
        }
        guard code == 0 else { throw .file(action: "write lock file", path: path, reason: systemReason(code)) }
    }
}

/// Text of a system error number.
func systemReason(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
