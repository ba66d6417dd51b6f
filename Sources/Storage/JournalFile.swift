import Foundation
import GRDB
import SSZ

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
        let preset: Preset
        /// Unix milliseconds; nil for a journal of the first version.
        let createdAt: Int64?
        /// As the lock file says it, too.
        let mark: JournalMark
        /// Why it would not have been opened, had it not been adopted.
        let objection: JournalError?
    }

    /// A journal that is not known to be the last one becomes it.
    struct Adoption {
        /// Whether it is taken as complete: nothing was signed after it was written.
        let isComplete: Bool
    }

    let path: String
    /// nil for whatever the file belongs to; then it must be there.
    let binding: JournalBinding?
    let space: JournalSpace
    /// Unix milliseconds.
    let now: Int64
    let lock: FileLock
    /// Of the chain; nil for what the journal says.
    var preset: Preset?
    /// nil for a node: then it must be the journal that was used here last.
    var adoption: Adoption?

    /// Pages in the write-ahead log at which a commit itself checkpoints. Housekeeping comes first on a healthy node.
    private static let checkpointPages = 4096

    func open() throws(JournalError) -> Opened {
        let manager = FileManager.default
        let isNew = !manager.fileExists(atPath: path)
        let mark = try lock.mark()
        if isNew {
            guard !manager.fileExists(atPath: path + "-wal") else {
                throw .corrupt(path: path, detail: "the file is missing but its log \(path)-wal is there")
            }
            guard mark == .none else { throw .vanished(path: path) }
            guard let binding else { throw .missing(path: path) }
            try create(binding)
        } else if Self.size(path) == 0 {
            throw .corrupt(path: path, detail: "the file is empty")
        }
        let place = try JournalPlace(ofClosed: path)
        let hasLog = Self.size(path + "-wal") > 0
        let header = JournalHeader(ofClosed: path)
        // Before SQLite mixes the two, which takes a backup's mark away.
        if hasLog, let objection = header.objection(to: mark, path: path) { throw objection }
        do throws(JournalError) {
            return try open(isNew: isNew, at: place, header, mark, hasLog: hasLog)
        } catch {
            // SQLite has closed the file, and the log with it: at the next start nobody shall miss it.
            if case .known(let mark) = mark, hasLog { try? lock.set(mark.closed, durable: true) }
            throw error
        }
    }

    private func open(
        isNew: Bool, at place: JournalPlace, _ header: JournalHeader, _ mark: FileLock.Mark, hasLog: Bool
    ) throws(JournalError) -> Opened {
        try attempt("open journal") {
            let database = try Self.connect(path)
            let found = try database.writeWithoutTransaction { try check($0) }
            let known = try database.read { try JournalIdentity(from: $0, path: path) }
            let objection = known.objection(found: place, mark: mark, hasLog: hasLog, path: path)
            if let objection, adoption == nil { throw objection }
            try Schema.migrator(path).migrate(database)
            // After the migration: a full journal needs room for it.
            let (newMark, created, blocks) = try database.writeWithoutTransaction { db in
                try space.limit(db)
                try preset?.write(toJournal: db)
                let blocks = try preset ?? Preset(ofJournal: db, found, path: path)
                if found.share == nil { try binding?.writeShare(to: db) }
                let mark = try settle(known, at: place, header, isDoubtful: objection != nil, db)
                let text = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'created_at'")
                return (mark, text.flatMap { Int64($0) }, blocks)
            }
            // After the count is durable: a mark that is ahead is an accusation.
            try lock.set(newMark, durable: true)
            return Opened(
                database: database, isNew: isNew, binding: found, preset: blocks, createdAt: created, mark: newMark,
                objection: objection)
        }
    }

    /// From now on this file is the journal. - Returns: what the lock file is to say.
    private func settle(
        _ known: JournalIdentity, at place: JournalPlace, _ header: JournalHeader, isDoubtful: Bool, _ db: Database
    ) throws -> JournalMark {
        var identity = known
        let id = isDoubtful ? JournalMark.newID() : known.id ?? JournalMark.newID()
        identity.id = id
        identity.count = known.count &+ 1
        identity.place = place
        identity.backupAt = nil
        try db.inTransaction(.immediate) {
            try identity.write(to: db)
            if isDoubtful, adoption?.isComplete == false {
                // It knows all from now on, as a new one does.
                try db.execute(
                    sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('created_at', ?)", arguments: [String(now)])
            }
            return .commit
        }
        return JournalMark(id: id, count: identity.count, fileCount: header.count, end: .open)
    }

    private static func size(_ path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }

    private func create(_ binding: JournalBinding) throws(JournalError) {
        let draft = path + ".new"
        for leftover in [draft, draft + "-wal", draft + "-journal"] where unlink(leftover) != 0 && errno != ENOENT {
            throw .file(action: "delete unfinished journal", path: leftover, reason: systemReason())
        }
        try Self.make(draft)
        try attempt("create journal") {
            let database = try Self.connect(draft)
            try Schema.migrator(path).migrate(database)
            try database.write { db in
                try binding.write(to: db)
                try JournalIdentity().write(to: db)
                try db.execute(sql: "INSERT INTO meta (key, value) VALUES ('created_at', ?)", arguments: [String(now)])
            }
            try database.close()  // moves the log into the file and deletes it
        }
        guard rename(draft, path) == 0 else {
            throw .file(action: "rename new journal to", path: path, reason: systemReason())
        }
        try Self.sync(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    }

    static func connect(_ path: String) throws -> DatabaseQueue {
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
        guard version <= Schema.plannedSwitchVersion else {
            throw JournalError.newerSchema(path: path, found: version, known: Schema.plannedSwitchVersion)
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

    /// An empty file of a name that nothing has, for the owner alone.
    static func make(_ path: String) throws(JournalError) {
        let file = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .file(action: "create", path: path, reason: systemReason()) }
        close(file)
    }

    /// A file's content, or a directory's names.
    static func sync(_ path: String) throws(JournalError) {
        let file = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .file(action: "open", path: path, reason: systemReason()) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw .file(action: "sync", path: path, reason: systemReason()) }
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
