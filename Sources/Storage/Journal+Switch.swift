import DutyWorkflow
import GRDB

extension Journal {
    /// Ends a planned switch of which nobody can learn any more what was decided. For a stopped node, by its operator's
    /// word that no node of the cluster has switched. One that is decided stays.
    ///
    /// - Returns: what was forgotten; nil if there was nothing undecided.
    package func forgetSwitch() async throws(JournalError) -> SwitchRecord? {
        try await perform("forget a planned switch") { [path] db in
            guard let record = try SwitchRow(db: db).read(in: path), record.stage.isDeciding || record.stage.isUndecided
            else { return nil }
            try db.inTransaction(.immediate) {
                try SwitchRow(db: db).write(nil)
                return .commit
            }
            return record
        }
    }
}
