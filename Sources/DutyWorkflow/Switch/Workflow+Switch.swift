import Ethereum

/// A switch to other key shares while the node runs.
extension Workflow {
    mutating func plan(_ plan: SwitchPlan, _ ticket: Ticket, _ now: Instant) -> [Signal] {
        if let halted { return [.perform(.answer(ticket, .refused(halted.refusal)))] }
        let (signals, refusal) = plannedSwitch.note(plan, at: now)
        return signals + [.perform(.answer(ticket, refusal.map { .refused($0) } ?? .recorded))]
    }

    mutating func dropSwitch(_ ticket: Ticket) -> [Signal] {
        let (signals, refusal) = plannedSwitch.drop()
        return signals + [.perform(.answer(ticket, refusal.map { .refused($0) } ?? .recorded))]
    }

    /// How far a planned switch is; nil if there is none.
    package var switchRecord: SwitchRecord? { plannedSwitch.record }

    mutating func decidedPriorities(_ duty: Duty, _ result: PriorityResult) -> [Signal] {
        infoSync.decided(duty, result) + plannedSwitch.decided(duty, result)
    }
}
