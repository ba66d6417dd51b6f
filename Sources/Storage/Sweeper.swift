import DutyWorkflow
import Ethereum
import GRDB

/// Deletes rows of slots whose duties cannot matter any more.
struct Sweeper {
    let db: Database

    private static let tables = ["vote", "vote_value", "duty_db", "par_sig_db", "agg_sig_db"]
    /// Duties without a deadline.
    private static let kept = [DutyType.exit, .builderRegistration].map { String($0.rawValue) }.joined(separator: ", ")

    /// Deletes up to `rowsMax` rows in one transaction. - Returns: how many; 0 when nothing is left.
    func delete(before slot: Slot, rowsMax: Int) throws -> Int {
        let limit = Int64(clamping: slot.rawValue)
        var deleted = 0
        try db.inTransaction(.immediate) {
            for table in Self.tables where deleted < rowsMax {
                let old = "SELECT rowid FROM \(table) WHERE slot < ? AND duty_type NOT IN (\(Self.kept)) LIMIT ?"
                try db.cachedStatement(sql: "DELETE FROM \(table) WHERE rowid IN (\(old))")
                    .execute(arguments: [limit, rowsMax - deleted])
                deleted += db.changesCount
            }
            return .commit
        }
        return deleted
    }
}
