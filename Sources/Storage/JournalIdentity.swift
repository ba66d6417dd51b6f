import Ethereum
import GRDB

/// What table meta says about which journal this is. In journals of earlier versions it says nothing.
///
/// A copy of a journal, a backup, and an older state that was put back know less than what was signed. Each of them is
/// refused until `styx journal adopt` makes it the journal from then on.
struct JournalIdentity: Equatable {
    /// As in the lock file.
    var id: String?
    /// Of starts and slots: an older state has a lower one.
    var count: UInt64
    /// Where the node wrote it.
    var place: JournalPlace?
    /// Unix milliseconds; nil unless it is a backup.
    var backupAt: Int64?

    private static let keys = ["journal_id", "count", "place", "backup_at"]

    /// Of a journal that is made now.
    init() {
        id = JournalMark.newID()
        count = 0
    }

    init(from db: Database, path: String) throws {
        func value(_ key: String) throws -> String? {
            try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key])
        }
        func read<R>(_ key: String, _ parse: (String) -> R?) throws -> R? {
            guard let text = try value(key) else { return nil }
            guard let result = parse(text) else {
                throw JournalError.corrupt(path: path, detail: "table meta has no valid \(key)")
            }
            return result
        }
        id = try read("journal_id") { JournalMark.isID($0) ? $0 : nil }
        count = try read("count") { UInt64($0) } ?? 0
        place = try read("place") { JournalPlace(text: $0) }
        backupAt = try read("backup_at") { Int64($0) }
    }

    func write(to db: Database) throws {
        for (key, value) in zip(Self.keys, [id, String(count), place?.text, backupAt.map { String($0) }]) {
            if let value {
                try db.execute(sql: "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", arguments: [key, value])
            } else {
                try db.execute(sql: "DELETE FROM meta WHERE key = ?", arguments: [key])
            }
        }
        try JournalHeader(count: count, isBackup: backupAt != nil).write(to: db)
    }

    /// Why a node must not go on with the file; nil if it may.
    ///
    /// - Parameters:
    ///   - found: where the file is.
    ///   - mark: of the lock file beside it.
    ///   - hasLog: whether the log is there with something in it.
    func objection(found: JournalPlace, mark: FileLock.Mark, hasLog: Bool, path: String) -> JournalError? {
        if let backupAt { return .backup(path: path, takenAt: Instant(unixMilliseconds: backupAt)) }
        if let place, !place.isSame(as: found) { return .copied(path: path) }
        guard case .known(let mark) = mark else { return nil }
        if mark.end == .open, !hasLog { return .logMissing(path: path) }
        if mark.id != id { return .older(path: path, detail: "another journal was used here after it") }
        if mark.count > count {
            return .older(path: path, detail: "it counts \(count) where the last one counted \(mark.count)")
        }
        return nil
    }
}

extension Instant {
    /// As the journal's columns have it.
    init(unixMilliseconds milliseconds: Int64) { self = Instant(nanoseconds: 0) + .milliseconds(milliseconds) }
}
