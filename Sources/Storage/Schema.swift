import DutyWorkflow
import Foundation
import GRDB
import SSZ

/// Tables of the journal. The columns of the three stores are those of the product's description.
///
/// Reading is for the start alone: while the node runs, queries are answered from memory. So there is no index but
/// those that keep rows unique.
enum Schema {
    /// Number of the last migration.
    static let version = 5
    /// What a journal says of itself while it holds a planned switch: no program may open it that does not know what
    /// the plan forbids.
    static let plannedSwitchVersion = 6

    /// - Parameter path: for messages.
    static func migrator(_ path: String) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.execute(sql: first) }
        migrator.registerMigration("2") { db in
            try db.execute(sql: second)
            try movePartials(db, path)
            try db.execute(sql: "DROP TABLE par_sig_db_1; UPDATE meta SET value = '2' WHERE key = 'schema_version'")
        }
        migrator.registerMigration("3") { try $0.execute(sql: third) }
        migrator.registerMigration("4") { try $0.execute(sql: fourth) }
        migrator.registerMigration("5") { try $0.execute(sql: fifth) }
        return migrator
    }

    /// - `subcommittee` is part of the keys because one validator can be selected in several sync subcommittees of a
    ///   slot (duties 11 and 12, workflow.md §1.2). It is 0 for all other duties.
    /// - `vote_value` holds each value once a duty: PREPARE and COMMIT name the same one, and it is the largest part
    ///   of a vote.
    /// - One vote per kind and round: a second one is equivocation, and is refused here as the last line of defence.
    /// - Times are Unix milliseconds; roots, keys and signatures are blobs; `committee_index` is the bit pattern of
    ///   the unsigned number.
    private static let first = """
        CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT;

        CREATE TABLE duty_db (
            id INTEGER PRIMARY KEY,
            slot INTEGER NOT NULL,
            duty_type INTEGER NOT NULL,
            pub_key BLOB NOT NULL,
            data BLOB NOT NULL,
            committee_index INTEGER NOT NULL,
            validator_committee_index INTEGER NOT NULL,
            UNIQUE (slot, duty_type, pub_key)
        ) STRICT;
        CREATE INDEX duty_db_committee
            ON duty_db (slot, duty_type, committee_index, validator_committee_index);

        CREATE TABLE par_sig_db (
            id INTEGER PRIMARY KEY,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            slot INTEGER NOT NULL,
            duty_type INTEGER NOT NULL,
            pub_key BLOB NOT NULL,
            subcommittee INTEGER NOT NULL DEFAULT 0,
            data BLOB NOT NULL,
            signature BLOB NOT NULL,
            share_index INTEGER NOT NULL,
            status INTEGER NOT NULL,
            UNIQUE (slot, duty_type, pub_key, subcommittee, share_index)
        ) STRICT;
        CREATE INDEX par_sig_db_status ON par_sig_db (status, slot, duty_type);

        CREATE TABLE agg_sig_db (
            id INTEGER PRIMARY KEY,
            slot INTEGER NOT NULL,
            duty_type INTEGER NOT NULL,
            pub_key BLOB NOT NULL,
            subcommittee INTEGER NOT NULL DEFAULT 0,
            data BLOB NOT NULL,
            broadcast INTEGER NOT NULL DEFAULT 0,
            UNIQUE (slot, duty_type, pub_key, subcommittee)
        ) STRICT;

        CREATE TABLE vote (
            id INTEGER PRIMARY KEY,
            slot INTEGER NOT NULL,
            duty_type INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            round INTEGER NOT NULL,
            value_hash BLOB NOT NULL,
            message BLOB NOT NULL,
            UNIQUE (slot, duty_type, sequence),
            UNIQUE (slot, duty_type, kind, round)
        ) STRICT;

        CREATE TABLE vote_value (
            id INTEGER PRIMARY KEY,
            slot INTEGER NOT NULL,
            duty_type INTEGER NOT NULL,
            value_hash BLOB NOT NULL,
            data BLOB NOT NULL,
            UNIQUE (slot, duty_type, value_hash)
        ) STRICT;

        CREATE TABLE attestation_watermark (
            pub_key BLOB PRIMARY KEY NOT NULL,
            source_epoch INTEGER NOT NULL,
            target_epoch INTEGER NOT NULL,
            data_root BLOB NOT NULL
        ) STRICT;

        INSERT INTO meta VALUES ('schema_version', '1');
        """

    /// - `par_sig_db` names the root that was signed, `par_sig_object` holds what was signed, once. `own` tells this
    ///   operator's shares from those of peers, which others can send again.
    /// - `closed_duty` is what stays closed although its votes are kept.
    private static let second = """
        DROP INDEX duty_db_committee;
        DROP INDEX par_sig_db_status;

        CREATE TABLE closed_duty (
            id INTEGER PRIMARY KEY,
            slot INTEGER NOT NULL,
            duty_type INTEGER NOT NULL,
            UNIQUE (slot, duty_type)
        ) STRICT;
        INSERT INTO closed_duty (slot, duty_type) SELECT DISTINCT slot, duty_type FROM par_sig_db WHERE status = 3;

        ALTER TABLE par_sig_db RENAME TO par_sig_db_1;
        CREATE TABLE par_sig_db (
            id INTEGER PRIMARY KEY,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            slot INTEGER NOT NULL,
            duty_type INTEGER NOT NULL,
            pub_key BLOB NOT NULL,
            subcommittee INTEGER NOT NULL,
            message_root BLOB NOT NULL,
            signature BLOB NOT NULL,
            share_index INTEGER NOT NULL,
            status INTEGER NOT NULL,
            own INTEGER NOT NULL,
            UNIQUE (slot, duty_type, pub_key, subcommittee, share_index)
        ) STRICT;
        CREATE TABLE par_sig_object (
            id INTEGER PRIMARY KEY,
            slot INTEGER NOT NULL,
            duty_type INTEGER NOT NULL,
            pub_key BLOB NOT NULL,
            subcommittee INTEGER NOT NULL,
            message_root BLOB NOT NULL,
            data BLOB NOT NULL,
            UNIQUE (slot, duty_type, pub_key, subcommittee, message_root)
        ) STRICT;
        """

    private static let third = """
        CREATE TABLE proposal_watermark (
            pub_key BLOB PRIMARY KEY NOT NULL,
            slot INTEGER NOT NULL,
            block_root BLOB NOT NULL
        ) STRICT;
        UPDATE meta SET value = '3' WHERE key = 'schema_version';
        """

    /// One row at most: why this node votes and signs no more. A program that does not know it must not open the file.
    private static let fourth = """
        CREATE TABLE halt (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            slot INTEGER NOT NULL,
            duty_type INTEGER NOT NULL,
            seen TEXT NOT NULL
        ) STRICT;
        UPDATE meta SET value = '4' WHERE key = 'schema_version';
        """

    /// Validators for which nothing more is signed. A program that does not know it must not open the file.
    private static let fifth = """
        CREATE TABLE slashed_validator (
            pub_key BLOB PRIMARY KEY NOT NULL,
            evidence INTEGER NOT NULL,
            seen TEXT NOT NULL
        ) STRICT;
        UPDATE meta SET value = '5' WHERE key = 'schema_version';
        """

    /// Those of closed duties are not read any more and stay behind. Of the others, rows that were never touched after
    /// they came as broadcasted are peers'; what is not known counts as ours. Ours go last, so that their objects stay.
    private static func movePartials(_ db: Database, _ path: String) throws {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT *, id AS row_number, NOT (status = 1 AND updated_at = created_at) AS own FROM par_sig_db_1
                WHERE status <> 3 ORDER BY own, id
                """)
        while let row = try rows.next() {
            let stored = StoredRow(row: row, table: "par_sig_db", path: path)
            let duty = try stored.duty()
            let data = try stored.decode("data") { try SignedData(wire: $0, type: duty.type) }
            let root = Data(data.messageRoot.bytes)
            try db.cachedStatement(
                sql: """
                    INSERT INTO par_sig_db (id, created_at, updated_at, slot, duty_type, pub_key, subcommittee,
                        message_root, signature, share_index, status, own)
                    SELECT id, created_at, updated_at, slot, duty_type, pub_key, subcommittee, ?, signature,
                        share_index, status, ? FROM par_sig_db_1 WHERE id = ?
                    """
            ).execute(arguments: [root, row["own"] as Int, row["id"] as Int64])
            try db.cachedStatement(
                sql: """
                    INSERT INTO par_sig_object (slot, duty_type, pub_key, subcommittee, message_root, data)
                    SELECT slot, duty_type, pub_key, subcommittee, ?1, data FROM par_sig_db_1 WHERE id = ?2
                    ON CONFLICT (slot, duty_type, pub_key, subcommittee, message_root)
                        DO UPDATE SET data = excluded.data
                    """
            ).execute(arguments: [root, row["id"] as Int64])
        }
    }
}
