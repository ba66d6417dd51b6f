import GRDB

/// Tables of the journal. The columns of the three stores are those of the product's description.
enum Schema {
    /// Number of the last migration. A journal with a higher one was written by a later program.
    static let version = 1

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.execute(sql: first) }
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
}
