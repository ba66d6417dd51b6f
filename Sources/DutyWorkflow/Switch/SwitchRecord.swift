import Ethereum

/// What the journal holds of a planned switch: one at a time.
package struct SwitchRecord: Hashable, Sendable {
    package let plan: SwitchPlan
    package let stage: SwitchStage

    package init(_ plan: SwitchPlan, _ stage: SwitchStage) {
        self.plan = plan
        self.stage = stage
    }

    /// What is recorded after this record, if `old` was before it. An earlier stage changes nothing.
    package func replacing(_ old: SwitchRecord?) throws(JournalConflict) -> SwitchRecord {
        guard let old, old != self else { return self }
        guard old.plan == plan else {
            // Of another plan nothing is left to hold to.
            guard stage == .noted, [.noted, .calledOff, .entered].contains(old.stage) else { throw .plan(self, old) }
            return self
        }
        if old.stage.next.contains(stage) { return self }
        let isEarlier = stage.rawValue < old.stage.rawValue && stage.leads(to: old.stage)
        guard isEarlier else { throw .plan(self, old) }
        return old
    }

    /// What is left of it when the operator takes a plan back.
    package static func dropping(_ plan: SwitchPlan, from old: SwitchRecord?) throws(JournalConflict) -> SwitchRecord? {
        guard let old, old.plan == plan else { return old }
        guard old.stage == .noted else { throw .plan(SwitchRecord(plan, .noted), old) }
        return nil
    }
}

extension JournalConflict {
    fileprivate static func plan(_ new: SwitchRecord, _ old: SwitchRecord) -> Self {
        Self(
            .plannedSwitch, nil,
            detail: "\(new.stage) of the plan for epoch \(new.plan.epoch.rawValue), after \(old.stage) of the one for"
                + " epoch \(old.plan.epoch.rawValue)")
    }
}

// MARK: - Which set signs what

extension SwitchRecord {
    /// Why this node, with the set of key shares that it has, neither votes nor signs in a duty; nil if it may.
    ///
    /// Of each duty with a deadline at most one set has a part in it: the old one only before the epoch of the plan,
    /// the new one only from it on. From the epoch on the old one may go on once it is durable that the switch was called
    /// off, and no sooner. Duties without a deadline are the set's that is in use: the old one begins none of them once
    /// its end may be decided.
    package func refusal(of duty: Duty) -> String? {
        let isEndless = duty.type.rules.span == .endless
        switch stage {
        case .calledOff: return nil
        case .entered: return isEndless || duty.slot >= plan.firstSlot ? nil : "the old key shares signed before \(end)"
        case .noted, .announced, .declined, .committed, .divided:
            return isEndless || duty.slot < plan.firstSlot ? nil : unknown
        case .open, .locked, .torn:
            if isEndless || duty.slot >= plan.firstSlot { return unknown }
            return duty == plan.decidingDuty ? "duty \(duty) is over" : nil
        case .confirmed:
            return isEndless || duty.slot >= plan.firstSlot ? "the new key shares sign from \(end) on" : nil
        }
    }

    /// Whether it is known that in this epoch the old set, which is in use, has no part any more, or will not be while
    /// this node does not know.
    package func endsOldSet(in epoch: Epoch) -> Bool {
        epoch >= plan.epoch && (stage == .confirmed || stage.isUndecided)
    }

    private var end: String { "epoch \(plan.epoch.rawValue)" }

    private var unknown: String {
        "from \(end) on nothing is signed before this node knows whether the cluster switches to its new key shares"
    }
}
