import DutyWorkflow
import Ethereum
import GRDB

/// Deletes rows that cannot matter any more, or that others can send again.
struct Sweeper {
    let db: Database
    /// Slots whose rows stay: deadlines and inclusion window.
    let keptSlots: UInt64

    /// Last what tells that a duty is done.
    private static let tables = [
        "vote", "vote_value", "duty_db", "par_sig_db", "par_sig_object", "agg_sig_db", "closed_duty",
    ]
    /// Without a deadline they go by age only once they are done.
    private static let endless = DutyType.allCases.filter { $0.rules.span == .endless }.map { String($0.rawValue) }
        .joined(separator: ", ")

    /// Deletes up to `rowsMax` rows in one transaction. - Returns: how many; 0 when nothing is left.
    ///
    /// The clock alone proves nothing: while it is ahead, the duties of the true time would lose their votes. So
    /// nothing goes before the node has voted or decided beyond its window.
    func deleteOld(at current: Slot, rowsMax: Int) throws -> Int {
        let newest = try Int64.fetchOne(
            db,
            sql: """
                SELECT MAX(slot) FROM (SELECT MAX(slot) AS slot FROM vote UNION ALL SELECT MAX(slot) FROM duty_db)
                """)
        let upTo = Swift.min(current.rawValue, newest.map { UInt64(clamping: $0) } ?? current.rawValue)
        guard upTo > keptSlots else { return 0 }
        let limit = Int64(clamping: upTo - keptSlots)
        var deleted = 0
        try db.inTransaction(.immediate) {
            for table in Self.tables where deleted < rowsMax {
                let old = """
                    SELECT rowid FROM \(table) AS row WHERE slot < ? AND (duty_type NOT IN (\(Self.endless))
                        OR EXISTS (SELECT 1 FROM closed_duty AS closed
                            WHERE closed.slot = row.slot AND closed.duty_type = row.duty_type))
                    LIMIT ?
                    """
                try db.cachedStatement(sql: "DELETE FROM \(table) WHERE rowid IN (\(old))")
                    .execute(arguments: [limit, rowsMax - deleted])
                deleted += db.changesCount
            }
            return .commit
        }
        return deleted
    }

    /// Deletes the partial signatures of peers in the slot furthest ahead, and what only they signed.
    /// - Returns: how many; 0 when none is left.
    func deletePeersPartials() throws -> Int {
        var deleted = 0
        try db.inTransaction(.immediate) {
            let furthest = "SELECT slot FROM par_sig_db WHERE own = 0 ORDER BY slot DESC LIMIT 1"
            guard let slot = try Int64.fetchOne(db, sql: furthest) else { return .commit }
            try db.execute(sql: "DELETE FROM par_sig_db WHERE own = 0 AND slot = ?", arguments: [slot])
            deleted = db.changesCount
            try db.execute(
                sql: """
                    DELETE FROM par_sig_object AS object
                    WHERE slot = ? AND NOT EXISTS (SELECT 1 FROM par_sig_db AS share WHERE share.slot = object.slot AND share.duty_type = object.duty_type
                        AND share.pub_key = object.pub_key AND share.subcommittee = object.subcommittee
                        AND share.message_root = object.message_root)
                    """, arguments: [slot])
            return .commit
        }
        return deleted
    }
}
