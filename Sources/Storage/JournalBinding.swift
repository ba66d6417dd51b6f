import DutyWorkflow
import GRDB
import SSZ

/// What a journal belongs to. It is never opened for another cluster, chain or operator: its watermarks would protect
/// the wrong keys, and its votes are not those of the node that opens it.
package struct JournalBinding: Hashable, Sendable {
    package var lockHash: Root
    package var genesisValidatorsRoot: Root
    /// Nil where nobody has said yet: in journals of earlier versions, and those made by an import. The first node that
    /// runs on one says it.
    package var share: ShareIndex?

    package init(lockHash: Root, genesisValidatorsRoot: Root, share: ShareIndex? = nil) {
        self.lockHash = lockHash
        self.genesisValidatorsRoot = genesisValidatorsRoot
        self.share = share
    }
}

extension JournalBinding {
    private var rows: [(key: String, what: String, value: Root)] {
        [
            ("lock_hash", "lock hash", lockHash),
            ("genesis_validators_root", "genesis validators root", genesisValidatorsRoot),
        ]
    }

    func write(to db: Database) throws {
        for row in rows {
            try db.execute(sql: "INSERT INTO meta (key, value) VALUES (?, ?)", arguments: [row.key, row.value.hex])
        }
        try writeShare(to: db)
    }

    /// Whose it is from now on.
    func writeShare(to db: Database) throws {
        guard let share else { return }
        try db.execute(
            sql: "INSERT INTO meta (key, value) VALUES ('share_index', ?)", arguments: [String(share.rawValue)])
    }

    init(from db: Database, path: String) throws {
        func root(_ key: String) throws -> Root {
            let text = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key])
            guard let text, let root = try? Root(hex: text) else {
                throw JournalError.corrupt(path: path, detail: "table meta has no valid \(key)")
            }
            return root
        }
        lockHash = try root("lock_hash")
        genesisValidatorsRoot = try root("genesis_validators_root")
        share = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'share_index'").map { text in
            guard let share = Int(text).flatMap(ShareIndex.init(wire:)) else {
                throw JournalError.corrupt(path: path, detail: "table meta has no valid share_index")
            }
            return share
        }
    }

    /// - Parameter found: what a journal belongs to.
    func check(_ found: JournalBinding, path: String) throws {
        for (own, found) in zip(rows, found.rows) where own.value != found.value {
            throw JournalError.otherCluster(path: path, what: own.what, expected: own.value, found: found.value)
        }
        if let share, let other = found.share, other != share {
            throw JournalError.otherOperator(path: path, expected: share, found: other)
        }
    }
}
