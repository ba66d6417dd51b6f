import Ethereum
import Foundation
import GRDB

extension Journal {
    /// Writes a stopped node's journal into a new file, for the owner alone, durable on return. It is marked: a node
    /// refuses it until it is adopted, because what was signed since is not in it.
    ///
    /// - Parameter target: never replaced.
    /// - Returns: what the examination of the journal said.
    /// - Throws: `.corrupt` if the journal is not sound: a backup of damage is none.
    package static func backUp(
        _ path: String, to target: String, now: @escaping @Sendable () -> Instant
    ) throws(JournalError) -> JournalVerdict {
        let copy = try JournalCopy(of: path)
        let verdict = try JournalVerifier.verify(copy)
        if let problem = verdict.problems.first { throw .corrupt(path: path, detail: problem.what) }
        // Takes the name, so that nothing is replaced.
        try JournalFile.make(target)
        let draft = "\(target).tmp-\(getpid())"
        unlink(draft)
        do {
            try JournalFile.make(draft)
            try copy.database.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [draft]) }
            try mark(draft, at: now())
            try JournalFile.sync(draft)
            guard rename(draft, target) == 0 else {
                throw JournalError.file(action: "rename backup to", path: target, reason: systemReason())
            }
            try JournalFile.sync(URL(fileURLWithPath: target).deletingLastPathComponent().path)
        } catch {
            for leftover in [draft, draft + "-wal", target] { unlink(leftover) }
            throw JournalError(error, action: "write backup", path: target)
        }
        return verdict
    }

    private static func mark(_ draft: String, at now: Instant) throws {
        let database = try JournalFile.connect(draft)
        try database.write { db in
            guard try String.fetchOne(db, sql: "PRAGMA integrity_check(1)") == "ok" else {
                throw JournalError.corrupt(path: draft, detail: "the backup is not what was written")
            }
            var identity = try JournalIdentity(from: db, path: draft)
            identity.backupAt = identity.backupAt ?? now.nanoseconds / 1_000_000
            identity.place = nil
            try identity.write(to: db)
        }
        try database.close()
    }
}
