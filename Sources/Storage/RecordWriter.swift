import DutyWorkflow
import Ethereum
import Foundation
import GRDB
import QBFT
import SSZ

import enum DutyWorkflow.Record  // GRDB has a class of that name

/// Applies records inside the transaction of its caller. Applying one twice changes nothing.
///
/// Throws `JournalError.conflict` or `.unrecordable` when the record is at fault, `DatabaseError` when the disk is.
struct RecordWriter {
    let db: Database
    /// Unix milliseconds.
    let now: Int64
    private(set) var partialsIgnored = 0

    init(db: Database, now: Int64) {
        self.db = db
        self.now = now
    }

    mutating func apply(_ record: Record) throws {
        switch record {
        case .vote(let duty, let message, let values): try insertVote(duty, message, values)
        case .unsigned(let duty, let set): try insertUnsigned(duty, set)
        case .attestationWatermark(let pubKey, let watermark): try raise(pubKey, watermark)
        case .partials(let duty, let set, let status): try insertPartials(duty, set, status)
        case .partialStatus(let duty, let pubKeys, let status): try raiseStatus(duty, pubKeys, status)
        case .aggregated(let duty, let set): try insertAggregated(duty, set)
        case .broadcast(let duty, let pubKeys): try markBroadcast(duty, pubKeys)
        case .expired(let duty): try expire(duty)
        }
    }

    private func insertVote(_ duty: Duty, _ message: QBFT.Message, _ values: [Root: UnsignedDataSet]) throws {
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
            guard stored == data else { throw conflict(.value, duty, detail: "hash \(hash)") }
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
            let vote = "kind \(kind), round \(round), value \(message.value)"
            throw conflict(.vote, duty, detail: vote)
        }
    }

    private func insertUnsigned(_ duty: Duty, _ set: UnsignedDataSet) throws {
        let slot = try column(duty.slot.rawValue, "slot")
        for (pubKey, value) in set.sorted(by: { $0.key < $1.key }) {
            guard value.dutyType == duty.type else {
                throw JournalError.unrecordable("\(value.dutyType.name) value in duty \(duty)")
            }
            let committee = committee(of: value)
            let data = Data(value.wireBytes())
            let isNew = try insert(
                """
                INSERT INTO duty_db
                    (slot, duty_type, pub_key, data, committee_index, validator_committee_index)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """,
                [slot, duty.type.rawValue, blob(pubKey), data, committee.index, committee.validator])
            guard !isNew else { continue }
            let stored = try Data.fetchOne(
                statement("SELECT data FROM duty_db WHERE slot = ? AND duty_type = ? AND pub_key = ?"),
                arguments: [slot, duty.type.rawValue, blob(pubKey)])
            guard stored == data else { throw conflict(.unsigned, duty, pubKey, detail: "the first stays") }
        }
    }

    /// Bit patterns: both numbers come from the network and are only compared for equality.
    private func committee(of value: UnsignedData) -> (index: Int64, validator: Int64) {
        switch value {
        case .attester(_, let duty):
            (Int64(bitPattern: duty.committeeIndex.rawValue), Int64(bitPattern: duty.validatorCommitteeIndex))
        }
    }

    /// Source and target only rise. A new root for the stored target is a double vote, unless it is zero, which
    /// stands for "not known" (an import) and never replaces a root.
    private func raise(_ pubKey: PubKey, _ new: AttestationWatermark) throws {
        let source = try column(new.source.rawValue, "source epoch")
        let target = try column(new.target.rawValue, "target epoch")
        let stored = try Row.fetchOne(
            statement("SELECT target_epoch, data_root FROM attestation_watermark WHERE pub_key = ?"),
            arguments: [blob(pubKey)])
        if let stored, stored["target_epoch"] == target, new.dataRoot != .zero,
            stored["data_root"] != blob(new.dataRoot)
        {
            throw conflict(.watermark, nil, pubKey, detail: "target epoch \(target), data root \(new.dataRoot)")
        }
        try statement(
            """
            INSERT INTO attestation_watermark (pub_key, source_epoch, target_epoch, data_root) VALUES (?, ?, ?, ?)
            ON CONFLICT (pub_key) DO UPDATE SET
                source_epoch = MAX(source_epoch, excluded.source_epoch),
                data_root = CASE WHEN excluded.target_epoch > target_epoch
                    THEN excluded.data_root ELSE data_root END,
                target_epoch = MAX(target_epoch, excluded.target_epoch)
            """
        ).execute(arguments: [blob(pubKey), source, target, blob(new.dataRoot)])
    }

    /// A second, different partial of ours is refused; of a peer it is ignored, so that no peer can stop the node.
    private mutating func insertPartials(_ duty: Duty, _ set: ParSignedDataSet, _ status: PartialStatus) throws {
        let slot = try column(duty.slot.rawValue, "slot")
        for (key, partial) in set.sorted(by: { $0.key < $1.key }) {
            guard partial.data.dutyType == duty.type else {
                throw JournalError.unrecordable("\(partial.data.dutyType.name) signature in duty \(duty)")
            }
            let data = Data(partial.data.wireBytes())
            let isNew = try insert(
                """
                INSERT INTO par_sig_db
                    (created_at, updated_at, slot, duty_type, pub_key, subcommittee, data, signature, share_index,
                    status)
                VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING
                """,
                [
                    now, slot, duty.type.rawValue, blob(key.pubKey), try subcommittee(key), data,
                    blob(partial.data.signature), partial.shareIndex.rawValue, status.rawValue,
                ])
            guard !isNew else { continue }
            let stored = try Data.fetchOne(
                statement(
                    """
                    SELECT data FROM par_sig_db
                    WHERE slot = ? AND duty_type = ? AND pub_key = ? AND subcommittee = ? AND share_index = ?
                    """),
                arguments: [
                    slot, duty.type.rawValue, blob(key.pubKey), try subcommittee(key), partial.shareIndex.rawValue,
                ])
            guard stored != data else { continue }
            guard status != .internal else {
                throw conflict(.ownPartial, duty, key.pubKey, detail: "share index \(partial.shareIndex)")
            }
            partialsIgnored += 1
        }
    }

    /// Status only rises, so `.broadcasted` touches our own share alone: those of peers start there.
    private func raiseStatus(_ duty: Duty, _ keys: [EntryKey], _ status: PartialStatus) throws {
        let slot = try column(duty.slot.rawValue, "slot")
        for key in keys {
            try statement(
                """
                UPDATE par_sig_db SET status = ?1, updated_at = ?2
                WHERE slot = ?3 AND duty_type = ?4 AND pub_key = ?5 AND subcommittee = ?6 AND status < ?1
                """
            ).execute(
                arguments: [status.rawValue, now, slot, duty.type.rawValue, blob(key.pubKey), try subcommittee(key)])
        }
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
            guard stored == data else { throw conflict(.aggregated, duty, key.pubKey, detail: "the first stays") }
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

    private func subcommittee(_ key: EntryKey) throws -> Int64 { try column(key.subcommittee, "subcommittee") }

    /// Votes go. Values and signatures stay until housekeeping, past the window in which they can be included.
    private func expire(_ duty: Duty) throws {
        let slot = try column(duty.slot.rawValue, "slot")
        try statement("DELETE FROM vote WHERE slot = ? AND duty_type = ?")
            .execute(arguments: [slot, duty.type.rawValue])
        try statement("DELETE FROM vote_value WHERE slot = ? AND duty_type = ?")
            .execute(arguments: [slot, duty.type.rawValue])
        try statement(
            "UPDATE par_sig_db SET status = ?1, updated_at = ?2 WHERE slot = ?3 AND duty_type = ?4 AND status < ?1"
        ).execute(arguments: [PartialStatus.expired.rawValue, now, slot, duty.type.rawValue])
    }

    private func statement(_ sql: String) throws -> Statement { try db.cachedStatement(sql: sql) }

    /// - Returns: false if a row with the same key is there already.
    private func insert(_ sql: String, _ arguments: StatementArguments) throws -> Bool {
        try statement(sql).execute(arguments: arguments)
        return db.changesCount == 1
    }

    /// SQLite's integers are signed.
    private func column(_ value: some BinaryInteger, _ name: String) throws -> Int64 {
        guard let value = Int64(exactly: value) else { throw JournalError.unrecordable("\(name) \(value)") }
        return value
    }

    private func recordable<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch {
            throw JournalError.unrecordable("\(error)")
        }
    }

    private func conflict(
        _ subject: JournalConflict.Subject, _ duty: Duty?, _ pubKey: PubKey? = nil, detail: String
    ) -> JournalError {
        .conflict(JournalConflict(subject: subject, duty: duty, pubKey: pubKey, detail: detail))
    }
}

private func blob<let count: Int>(_ bytes: FixedBytes<count>) -> Data { Data(bytes.bytes) }
