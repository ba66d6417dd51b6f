import GRDB
import SSZ

/// What a journal belongs to. It is never opened for another cluster or chain: its watermarks would protect the wrong
/// keys, and its votes would be sent to strangers.
package struct JournalBinding: Hashable, Sendable {
    package var lockHash: Root
    package var genesisValidatorsRoot: Root

    package init(lockHash: Root, genesisValidatorsRoot: Root) {
        self.lockHash = lockHash
        self.genesisValidatorsRoot = genesisValidatorsRoot
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
    }

    /// - Parameter found: what a journal belongs to.
    func check(_ found: JournalBinding, path: String) throws {
        for (own, found) in zip(rows, found.rows) where own.value != found.value {
            throw JournalError.otherCluster(path: path, what: own.what, expected: own.value, found: found.value)
        }
    }
}
