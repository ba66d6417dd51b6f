import DutyWorkflow
import Ethereum
import Foundation
import GRDB
import SSZ

/// ParSigDB: of each share the root it signed and its signature; what was signed once a root, whoever signed it. A block
/// is written for our own share only, and peers' shares of it after that. So a peer's share costs a kilobyte at most,
/// however large the object it came with.
extension RecordWriter {
    /// A second, different partial of ours is refused; of a peer it is ignored, so that no peer can stop the node.
    mutating func insertPartials(_ duty: Duty, _ set: ParSignedDataSet, _ status: PartialStatus) throws {
        let slot = try column(duty.slot.rawValue, "slot")
        let isOwn = status == .internal
        // Peers send theirs again, or others complete the group: the first thing to do without.
        if try !isOwn && space.isShort(db) {
            partialsDropped += set.count
            return
        }
        for (key, partial) in set.sorted(by: { $0.key < $1.key }) {
            guard partial.data.dutyType == duty.type else {
                throw JournalError.unrecordable("\(partial.data.dutyType.name) signature in duty \(duty)")
            }
            let row = PartialRow(
                slot: slot, type: duty.type.rawValue, pubKey: blob(key.pubKey), subcommittee: try subcommittee(key),
                root: blob(partial.data.messageRoot), share: partial.shareIndex.rawValue)
            let signature = blob(partial.data.signature)
            let isLarge = !isOwn && partial.data.isLarge
            if try isLarge && !hasObject(row) { continue }
            if try insert(row, signature: signature, status: status) {
                if !isLarge { try insertObject(row, Data(partial.data.wireBytes()), replacing: isOwn) }
                continue
            }
            let stored = try Row.fetchOne(
                statement(
                    """
                    SELECT message_root, signature FROM par_sig_db
                    WHERE slot = ? AND duty_type = ? AND pub_key = ? AND subcommittee = ? AND share_index = ?
                    """), arguments: [row.slot, row.type, row.pubKey, row.subcommittee, row.share])
            guard stored?["message_root"] != row.root || stored?["signature"] != signature else { continue }
            guard !isOwn else { throw JournalConflict.ownPartial(duty, key.pubKey, partial.shareIndex) }
            partialsIgnored += 1
        }
    }

    /// Status only rises, so `.broadcasted` touches our own share alone: those of peers start there.
    func raiseStatus(_ duty: Duty, _ keys: [EntryKey], _ status: PartialStatus) throws {
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

    private func insert(_ row: PartialRow, signature: Data, status: PartialStatus) throws -> Bool {
        try insert(
            """
            INSERT INTO par_sig_db (created_at, updated_at, slot, duty_type, pub_key, subcommittee, message_root,
                signature, share_index, status, own)
            VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING
            """,
            [
                now, row.slot, row.type, row.pubKey, row.subcommittee, row.root, signature, row.share,
                status.rawValue, status == .internal,
            ])
    }

    private func hasObject(_ row: PartialRow) throws -> Bool {
        try Bool.fetchOne(
            statement(
                """
                SELECT EXISTS (SELECT 1 FROM par_sig_object
                    WHERE slot = ? AND duty_type = ? AND pub_key = ? AND subcommittee = ? AND message_root = ?)
                """), arguments: [row.slot, row.type, row.pubKey, row.subcommittee, row.root]) ?? false
    }

    /// What is not part of the message may differ from share to share. Ours says it as our validator client did.
    private func insertObject(_ row: PartialRow, _ data: Data, replacing: Bool) throws {
        let rule = replacing ? "DO UPDATE SET data = excluded.data" : "DO NOTHING"
        try statement(
            """
            INSERT INTO par_sig_object (slot, duty_type, pub_key, subcommittee, message_root, data)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (slot, duty_type, pub_key, subcommittee, message_root) \(rule)
            """
        ).execute(arguments: [row.slot, row.type, row.pubKey, row.subcommittee, row.root, data])
    }
}

/// Columns of `par_sig_db` that name a row and what it signed.
private struct PartialRow {
    let slot: Int64
    let type: Int32
    let pubKey: Data
    let subcommittee: Int64
    let root: Data
    let share: Int
}
