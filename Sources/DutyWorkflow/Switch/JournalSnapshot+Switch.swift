import Ethereum

extension JournalSnapshot {
    /// What the new set's journal knows when a confirmed switch takes place: all that protects from slashing, and that
    /// what was begun is closed. The real journal's way there is `Storage/JournalHandover`.
    package func handedOn(entering plan: SwitchPlan) -> JournalSnapshot {
        var successor = JournalSnapshot()
        successor.watermarks = watermarks
        successor.proposalWatermarks = proposalWatermarks
        successor.halt = halt
        successor.slashed = slashed
        successor.aggregated = aggregated.filter { $0.key.type == .builderRegistration }
        successor.broadcast = broadcast.filter { $0.key.type == .builderRegistration }
        successor.closed = live { _ in false }.closed.filter { $0.type.rules.span != .endless }
        successor.plannedSwitch = SwitchRecord(plan, .entered)
        return successor
    }
}
