import DutyWorkflow
import Ethereum
import Foundation
import GRDB
import QBFT
import SSZ

import enum DutyWorkflow.Record  // GRDB has a class of that name

/// Applies records inside the transaction of its caller. Applying one twice changes nothing; what each of them means
/// is `JournalSnapshot.apply`.
///
/// Throws `JournalError.conflict` or `.unrecordable` when the record is at fault, `DatabaseError` when the disk is.
struct RecordWriter {
    let db: Database
    /// Unix milliseconds.
    let now: Int64
    let space: JournalSpace
    var partialsIgnored = 0
    var partialsDropped = 0

    init(db: Database, now: Int64, space: JournalSpace) {
        self.db = db
        self.now = now
        self.space = space
    }

    mutating func apply(_ record: Record) throws {
        do {
            switch record {
            case .vote(let duty, let message, let values): try insertVote(duty, message, values)
            case .unsigned(let duty, let set): try insertUnsigned(duty, set)
            case .attestationWatermark(let pubKey, let watermark): try raise(pubKey, watermark)
            case .proposalWatermark(let pubKey, let watermark): try raise(pubKey, watermark)
            case .partials(let duty, let set, let status): try insertPartials(duty, set, status)
            case .partialStatus(let duty, let keys, let status): try raiseStatus(duty, keys, status)
            case .aggregated(let duty, let set): try insertAggregated(duty, set)
            case .broadcast(let duty, let keys): try markBroadcast(duty, keys)
            case .expired(let duty): try close(duty)
            case .forgotten(let duty): try forget(duty)
            case .halted(let halt): try stop(halt)
            case .haltLifted: try statement("DELETE FROM halt").execute()
            case .slashed(let pubKey, let slashing): try stop(pubKey, slashing)
            case .slashingLifted(let pubKey): try lift(pubKey)
            case .plannedSwitch(let record): try SwitchRow(db: db).write(record.replacing(plannedSwitch()))
            case .switchDropped(let plan):
                try SwitchRow(db: db).write(SwitchRecord.dropping(plan, from: plannedSwitch()))
            }
        } catch let conflict as JournalConflict {
            throw JournalError.conflict(conflict)
        }
    }

    private func insertVote(_ duty: Duty, _ message: QBFT.Message, _ values: [Root: ConsensusValue]) throws {
        let slot = try column(duty.slot.rawValue, "slot")
        for (hash, value) in values.sorted(by: { $0.key < $1.key }) {
            let data = Data(try recordable { try ValueBlob.encode(value) })
            let isNew = try insert(
                "INSERT INTO vote_value (slot, duty_type, value_hash, data) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [slot, duty.type.rawValue, blob(hash), data])
            guard !isNew else { continue }
            let stored = try Data.fetchOne(
                statement("SELECT data FROM vote_value WHERE slot = ? AND duty_type = ? AND value_hash = ?"),
                arguments: [slot, duty.type.rawValue, blob(hash)])
            guard stored == data else { throw JournalConflict(.value, duty, detail: "hash \(hash)") }
        }

        let kind = Int64(message.kind.rawValue)
        let round = try column(message.round, "round")
        let bytes = try recordable { try VoteBlob.encode(message) }
        let isNew = try insert(
            """
            INSERT INTO vote (slot, duty_type, sequence, kind, round, value_hash, message) VALUES
                (?1, ?2, (SELECT COALESCE(MAX(sequence), 0) + 1 FROM vote WHERE slot = ?1 AND duty_type = ?2),
                ?3, ?4, ?5, ?6)
            ON CONFLICT DO NOTHING
            """,
            [slot, duty.type.rawValue, kind, round, blob(message.value), Data(bytes)])
        guard !isNew else { return }
        let stored = try Data.fetchOne(
            statement("SELECT message FROM vote WHERE slot = ? AND duty_type = ? AND kind = ? AND round = ?"),
            arguments: [slot, duty.type.rawValue, kind, round])
        // The justification may list the same messages in another order; what counts is what was voted for.
        guard let stored, let first = try? VoteBlob.decode([UInt8](stored)), first.isSameVote(as: message) else {
            throw JournalConflict.vote(duty, message)
        }
    }

    private func insertUnsigned(_ duty: Duty, _ set: UnsignedDataSet) throws {
        let slot = try column(duty.slot.rawValue, "slot")
        for (pubKey, value) in set.sorted(by: { $0.key < $1.key }) {
            guard value.dutyType == duty.type else {
                throw JournalError.unrecordable("\(value.dutyType.name) value in duty \(duty)")
            }
            // Bit patterns: these numbers come from the network and are only compared for equality.
            let lookup = value.lookup
            let data = Data(value.wireBytes())
            let isNew = try insert(
                """
                INSERT INTO duty_db
                    (slot, duty_type, pub_key, data, committee_index, validator_committee_index)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """,
                [
                    slot, duty.type.rawValue, blob(pubKey), data, Int64(bitPattern: lookup.committee),
                    Int64(bitPattern: lookup.validator),
                ])
            guard !isNew else { continue }
            let stored = try Data.fetchOne(
                statement("SELECT data FROM duty_db WHERE slot = ? AND duty_type = ? AND pub_key = ?"),
                arguments: [slot, duty.type.rawValue, blob(pubKey)])
            guard stored == data else { throw JournalConflict.firstStays(.unsigned, duty, pubKey) }
        }
    }

    private func raise(_ pubKey: PubKey, _ new: AttestationWatermark) throws {
        let stored = try Row.fetchOne(
            statement("SELECT source_epoch, target_epoch, data_root FROM attestation_watermark WHERE pub_key = ?"),
            arguments: [blob(pubKey)]
        ).map { row in
            guard let root = Root([UInt8](row["data_root"] as Data)) else {
                throw JournalError.unrecordable("attestation of validator \(pubKey), whose earlier one is damaged")
            }
            return AttestationWatermark(
                source: Epoch(UInt64(bitPattern: row["source_epoch"])),
                target: Epoch(UInt64(bitPattern: row["target_epoch"])), dataRoot: root)
        }
        guard let raised = stored.map({ $0.raised(by: new) }) ?? new else {
            throw JournalConflict.watermark(pubKey, new)
        }
        try statement(
            """
            INSERT INTO attestation_watermark (pub_key, source_epoch, target_epoch, data_root) VALUES (?, ?, ?, ?)
            ON CONFLICT (pub_key) DO UPDATE SET source_epoch = excluded.source_epoch,
                target_epoch = excluded.target_epoch, data_root = excluded.data_root
            """
        ).execute(arguments: [
            blob(pubKey), try column(raised.source.rawValue, "source epoch"),
            try column(raised.target.rawValue, "target epoch"), blob(raised.dataRoot),
        ])
    }

    private func raise(_ pubKey: PubKey, _ new: ProposalWatermark) throws {
        let stored = try Row.fetchOne(
            statement("SELECT slot, block_root FROM proposal_watermark WHERE pub_key = ?"), arguments: [blob(pubKey)]
        ).map { row in
            guard let root = Root([UInt8](row["block_root"] as Data)) else {
                throw JournalError.unrecordable("block of validator \(pubKey), whose earlier one is damaged")
            }
            return ProposalWatermark(slot: Slot(UInt64(bitPattern: row["slot"])), root: root)
        }
        guard let raised = stored.map({ $0.raised(by: new) }) ?? new else {
            throw JournalConflict.watermark(pubKey, new)
        }
        try statement(
            """
            INSERT INTO proposal_watermark (pub_key, slot, block_root) VALUES (?, ?, ?)
            ON CONFLICT (pub_key) DO UPDATE SET slot = excluded.slot, block_root = excluded.block_root
            """
        ).execute(arguments: [blob(pubKey), try column(raised.slot.rawValue, "slot"), blob(raised.root)])
    }

    private func insertAggregated(_ duty: Duty, _ set: SignedDataSet) throws {
        let slot = try column(duty.slot.rawValue, "slot")
        for (key, signed) in set.sorted(by: { $0.key < $1.key }) {
            guard signed.dutyType == duty.type else {
                throw JournalError.unrecordable("\(signed.dutyType.name) signature in duty \(duty)")
            }
            let data = Data(signed.wireBytes())
            let isNew = try insert(
                """
                INSERT INTO agg_sig_db (slot, duty_type, pub_key, subcommittee, data) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """, [slot, duty.type.rawValue, blob(key.pubKey), try subcommittee(key), data])
            guard !isNew else { continue }
            let stored = try Data.fetchOne(
                statement(
                    """
                    SELECT data FROM agg_sig_db
                    WHERE slot = ? AND duty_type = ? AND pub_key = ? AND subcommittee = ?
                    """),
                arguments: [slot, duty.type.rawValue, blob(key.pubKey), try subcommittee(key)])
            guard stored == data else { throw JournalConflict.firstStays(.aggregated, duty, key.pubKey) }
        }
    }

    private func markBroadcast(_ duty: Duty, _ keys: [EntryKey]) throws {
        let slot = try column(duty.slot.rawValue, "slot")
        for key in keys {
            try statement(
                """
                UPDATE agg_sig_db SET broadcast = 1
                WHERE slot = ? AND duty_type = ? AND pub_key = ? AND subcommittee = ?
                """
            ).execute(arguments: [slot, duty.type.rawValue, blob(key.pubKey), try subcommittee(key)])
        }
    }

    /// All rows stay until the sweep, past the window in which they can be included.
    private func close(_ duty: Duty) throws {
        let slot = try column(duty.slot.rawValue, "slot")
        try statement("INSERT INTO closed_duty (slot, duty_type) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .execute(arguments: [slot, duty.type.rawValue])
        try statement(
            "UPDATE par_sig_db SET status = ?1, updated_at = ?2 WHERE slot = ?3 AND duty_type = ?4 AND status < ?1"
        ).execute(arguments: [PartialStatus.expired.rawValue, now, slot, duty.type.rawValue])
    }

    /// What has a deadline is never forgotten: it may be slashed for.
    private func forget(_ duty: Duty) throws {
        guard duty.type.rules.span == .endless else { return }
        let slot = try column(duty.slot.rawValue, "slot")
        for table in ["par_sig_db", "par_sig_object", "agg_sig_db"] {
            try statement("DELETE FROM \(table) WHERE slot = ? AND duty_type = ?")
                .execute(arguments: [slot, duty.type.rawValue])
        }
    }

    private func stop(_ halt: Halt) throws {
        try statement("INSERT INTO halt (id, slot, duty_type, seen) VALUES (1, ?, ?, ?) ON CONFLICT DO NOTHING")
            .execute(arguments: [
                try column(halt.duty.slot.rawValue, "slot"), halt.duty.type.rawValue, halt.seen,
            ])
    }

    private func stop(_ pubKey: PubKey, _ slashing: Slashing) throws {
        try statement(
            """
            INSERT INTO slashed_validator (pub_key, evidence, seen) VALUES (?, ?, ?)
            ON CONFLICT (pub_key) DO UPDATE SET evidence = excluded.evidence, seen = excluded.seen
                WHERE excluded.evidence > evidence
            """
        ).execute(arguments: [blob(pubKey), slashing.evidence.rawValue, slashing.seen])
    }

    private func lift(_ pubKey: PubKey) throws {
        try statement("DELETE FROM slashed_validator WHERE pub_key = ? AND evidence = ?")
            .execute(arguments: [blob(pubKey), Slashing.Evidence.told.rawValue])
    }

    private func plannedSwitch() throws -> SwitchRecord? {
        do {
            return try SwitchRow(db: db).read()
        } catch {
            throw JournalError.unrecordable("stage of a planned switch, whose earlier one is damaged")
        }
    }

    // MARK: For all tables

    func statement(_ sql: String) throws -> Statement { try db.cachedStatement(sql: sql) }

    /// - Returns: false if a row with the same key is there already.
    func insert(_ sql: String, _ arguments: StatementArguments) throws -> Bool {
        try statement(sql).execute(arguments: arguments)
        return db.changesCount == 1
    }

    /// SQLite's integers are signed.
    func column(_ value: some BinaryInteger, _ name: String) throws -> Int64 {
        guard let value = Int64(exactly: value) else { throw JournalError.unrecordable("\(name) \(value)") }
        return value
    }

    func subcommittee(_ key: EntryKey) throws -> Int64 { try column(key.subcommittee, "subcommittee") }

    private func recordable<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch {
            throw JournalError.unrecordable("\(error)")
        }
    }
}

func blob<let count: Int>(_ bytes: FixedBytes<count>) -> Data { Data(bytes.bytes) }
