import Foundation
import Synchronization

/// Exclusive advisory lock (`flock`) on a file beside the journal: one process, one journal.
///
/// SQLite's own exclusive mode holds a second lock, on the database itself; that one still protects when somebody
/// deletes the lock file of a running node. The kernel releases both when the process dies, however it dies.
final class FileLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes the lock of the journal `journal`, whose file is made if needed, without waiting.
    init(journal: String) throws(JournalError) {
        let path = journal + ".lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
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
}

/// Text of a system error number.
func systemReason(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
