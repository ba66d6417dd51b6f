import Foundation
import GRDB

/// What the file alone says, without the log that may lie beside it: its header's `user_version`. It is read before SQLite
/// mixes the two.
enum JournalHeader: Equatable {
    /// Nothing: a journal of an earlier version.
    case none
    case backup
    case count(UInt64)

    private static let backupVersion: UInt32 = 1
    /// Counts begin here.
    private static let first: UInt32 = 16
    /// Big-endian, in the header of an SQLite file. Source: sqlite.org, "Database File Format", 1.3.
    private static let versionBytes = 60..<64

    init(count: UInt64, isBackup: Bool) { self = isBackup ? .backup : .count(count) }

    /// Of a file that SQLite does not have open, as `JournalPlace`.
    init(ofClosed path: String) {
        self = .none
        guard let file = FileHandle(forReadingAtPath: path) else { return }
        defer { try? file.close() }
        guard let header = try? file.read(upToCount: Self.versionBytes.upperBound),
            header.count == Self.versionBytes.upperBound
        else { return }
        let version = header.suffix(Self.versionBytes.count).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        if version == Self.backupVersion {
            self = .backup
        } else if version >= Self.first {
            self = .count(UInt64(version - Self.first))
        }
    }

    var count: UInt64 { if case .count(let count) = self { count } else { 0 } }

    /// In the transaction of the count.
    func write(to db: Database) throws {
        let version =
            switch self {
            case .none: UInt32(0)
            case .backup: Self.backupVersion
            // SQLite's is signed: in two thousand million slots it stands still, and tells less.
            case .count(let count): Self.first + UInt32(min(count, UInt64(Int32.max) - UInt64(Self.first)))
            }
        try db.execute(sql: "PRAGMA user_version = \(version)")
    }

    /// Why the log beside the file cannot be this file's; nil if it may be.
    func objection(to mark: FileLock.Mark, path: String) -> JournalError? {
        if self == .backup { return .foreignLog(path: path, isBackup: true) }
        guard case .known(let mark) = mark, mark.fileCount > count else { return nil }
        return .foreignLog(path: path, isBackup: false)
    }
}
