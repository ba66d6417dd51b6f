import Foundation
import GRDB

/// Opens the database file, or creates it, so that what comes out is durable, whole, ours and exclusively held.
///
/// A new journal is made under another name and renamed when it is complete. So a file under the real name that is
/// empty or has no tables was damaged; it is refused, never filled in.
struct JournalFile {
    /// An open journal.
    struct Opened {
        let database: DatabaseQueue
        /// Whether the file was created now.
        let isNew: Bool
        let binding: JournalBinding
        /// Unix milliseconds; nil for a journal of the first version.
        let createdAt: Int64?
    }

    let path: String
    /// nil for whatever the file belongs to; then it must be there.
    let binding: JournalBinding?
    let space: JournalSpace
    /// Unix milliseconds.
    let now: Int64

    /// Pages in the write-ahead log at which a commit itself checkpoints. Housekeeping comes first on a healthy node.
    private static let checkpointPages = 4096

    func open() throws(JournalError) -> Opened {
        let manager = FileManager.default
        let isNew = !manager.fileExists(atPath: path)
        if isNew {
            guard !manager.fileExists(atPath: path + "-wal") else {
                throw .corrupt(path: path, detail: "the file is missing but its log \(path)-wal is there")
            }
            guard let binding else { throw .missing(path: path) }
            try create(binding)
        } else {
            let size = try? manager.attributesOfItem(atPath: path)[.size] as? Int
            guard size != 0 else { throw .corrupt(path: path, detail: "the file is empty") }
        }
        return try attempt("open journal") {
            let database = try connect(path)
            let found = try database.writeWithoutTransaction { try check($0) }
            try Schema.migrator(path).migrate(database)
            // After the migration: a full journal needs room for it.
            try database.writeWithoutTransaction { db in
                try space.limit(db)
                if found.share == nil { try binding?.writeShare(to: db) }
            }
            let created = try database.read { db in
                try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'created_at'")
            }
            return Opened(database: database, isNew: isNew, binding: found, createdAt: created.flatMap { Int64($0) })
        }
    }

    private func create(_ binding: JournalBinding) throws(JournalError) {
        let draft = path + ".new"
        for leftover in [draft, draft + "-wal", draft + "-journal"] where unlink(leftover) != 0 && errno != ENOENT {
            throw .file(action: "delete unfinished journal", path: leftover, reason: systemReason())
        }
        let file = Foundation.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .file(action: "create journal", path: draft, reason: systemReason()) }
        close(file)
        try attempt("create journal") {
            let database = try connect(draft)
            try Schema.migrator(path).migrate(database)
            try database.write { db in
                try binding.write(to: db)
                try db.execute(sql: "INSERT INTO meta (key, value) VALUES ('created_at', ?)", arguments: [String(now)])
            }
            try database.close()  // moves the log into the file and deletes it
        }
        guard rename(draft, path) == 0 else {
            throw .file(action: "rename new journal to", path: path, reason: systemReason())
        }
        try syncDirectory(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    }

    private func connect(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "styx.journal"
        configuration.foreignKeysEnabled = false
        // Before the first access: the log then lives without shared memory, and no other process gets in.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.writeWithoutTransaction { db in
            let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
            // After the mode, and read back: with NORMAL a power cut loses the last commits, votes among them.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
            guard mode == "wal", synchronous == 2 else {
                let found = "journal_mode \(mode ?? "?"), synchronous \(synchronous ?? -1)"
                throw JournalError.file(action: "make durable", path: path, reason: "SQLite answers \(found)")
            }
            // Savepoints would otherwise write to /var/tmp, which a container need not have.
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            _ = try Int.fetchOne(db, sql: "PRAGMA wal_autocheckpoint = \(Self.checkpointPages)")
            let logBytesMax = Self.checkpointPages * JournalSpace.pageBytes
            _ = try Int.fetchOne(db, sql: "PRAGMA journal_size_limit = \(logBytesMax)")
        }
        return database
    }

    /// Whole, ours, and not from the future. - Returns: what it belongs to.
    private func check(_ db: Database) throws -> JournalBinding {
        let verdict = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)")
        guard verdict == "ok" else {
            throw JournalError.corrupt(path: path, detail: verdict ?? "integrity check gives nothing")
        }
        guard try db.tableExists("meta"),
            let text = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'schema_version'"),
            let version = Int(text), version >= 1
        else { throw JournalError.corrupt(path: path, detail: "it is an SQLite file but not a journal") }
        guard version <= Schema.version else {
            throw JournalError.newerSchema(path: path, found: version, known: Schema.version)
        }
        let found = try JournalBinding(from: db, path: path)
        try binding?.check(found, path: path)
        return found
    }

    private func attempt<R>(_ action: String, _ body: () throws -> R) throws(JournalError) -> R {
        do {
            return try body()
        } catch {
            throw JournalError(error, action: action, path: path)
        }
    }

    private func syncDirectory(_ directory: String) throws(JournalError) {
        let file = Foundation.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw .file(action: "open directory", path: directory, reason: systemReason()) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw .file(action: "sync directory", path: directory, reason: systemReason()) }
    }
}

extension JournalError {
    /// Any error of an access to the journal, with SQLite's codes told apart.
    init(_ error: any Error, action: String, path: String) {
        switch error {
        case let error as JournalError: self = error
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
                self = .corrupt(path: path, detail: error.message ?? "SQLite code \(error.resultCode)")
            case .SQLITE_BUSY, .SQLITE_LOCKED: self = .inUse(path: path)
            default:
                let message = error.message ?? "no message"
                self = .file(
                    action: action, path: path, reason: "\(message) (SQLite \(error.extendedResultCode.rawValue))")
            }
        default: self = .file(action: action, path: path, reason: String(describing: error))
        }
    }
}
