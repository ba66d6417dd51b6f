import Foundation
import GRDB

/// A journal that is read and left as it is: its file and log are copied into a folder of their own, and opened there.
/// Even to read it SQLite would write to it, if its process died.
final class JournalCopy {
    let database: DatabaseQueue
    /// Of the original.
    let path: String
    /// Where the original is, what lies beside it.
    let place: JournalPlace
    let mark: FileLock.Mark
    let hasLog: Bool
    private let directory: URL
    /// The original's: nobody may write it while it is copied and looked at.
    private let lock: FileLock?

    /// - Throws: `.inUse` beside a running node; `.missing`; `.corrupt` if it is no SQLite file.
    init(of path: String) throws(JournalError) {
        self.path = path
        let manager = FileManager.default
        guard manager.fileExists(atPath: path) else { throw .missing(path: path) }
        lock = try FileLock.reading(path)
        mark = try lock?.mark() ?? .none
        place = try JournalPlace(ofClosed: path)
        let log = path + "-wal"
        hasLog = (try? manager.attributesOfItem(atPath: log)[.size] as? Int).map { $0 > 0 } ?? false
        if hasLog, let objection = JournalHeader(ofClosed: path).objection(to: mark, path: path) { throw objection }
        directory = manager.temporaryDirectory.appendingPathComponent("styx-journal-\(UUID().uuidString)")
        do {
            try manager.createDirectory(
                at: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            let copy = directory.appendingPathComponent("journal.sqlite").path
            do {
                try manager.copyItem(atPath: path, toPath: copy)
                if hasLog { try manager.copyItem(atPath: log, toPath: copy + "-wal") }
                for suffix in hasLog ? ["", "-wal"] : [""] {
                    try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: copy + suffix)
                }
                database = try JournalFile.connect(copy)
            } catch {
                try? manager.removeItem(at: directory)
                throw error
            }
        } catch let error as CocoaError {
            let reason = "\(error.localizedDescription); TMPDIR names another folder"
            throw .file(action: "copy journal to \(directory.path), from", path: path, reason: reason)
        } catch {
            throw JournalError(error, action: "read journal", path: path)
        }
    }

    deinit {
        try? database.close()
        try? FileManager.default.removeItem(at: directory)
    }

    /// Why a node would not go on with the original, where it is; nil if it would.
    func objection() throws(JournalError) -> JournalError? {
        do {
            return try database.read { try JournalIdentity(from: $0, path: path) }
                .objection(found: place, mark: mark, hasLog: hasLog, path: path)
        } catch {
            throw JournalError(error, action: "read journal", path: path)
        }
    }
}
