import DutyWorkflow
import GRDB

extension Journal {
    /// Ends a planned switch of which nobody can learn any more what was decided. For a stopped node, by its operator's
    /// word that no node of the cluster has switched, or will. One that is decided stays, and one that others may still
    /// decide with this node's word: it has to learn first.
    ///
    /// - Returns: what was forgotten; nil if there was nothing of that kind.
    package func forgetSwitch() async throws(JournalError) -> SwitchRecord? {
        try await perform("forget a planned switch") { [path] db in
            guard let record = try SwitchRow(db: db).read(in: path), record.stage == .noted || record.stage.isUndecided
            else { return nil }
            try db.inTransaction(.immediate) {
                try SwitchRow(db: db).write(nil)
                return .commit
            }
            return record
        }
    }
}
