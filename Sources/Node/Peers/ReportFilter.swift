import DutyWorkflow
import PeerProtocols
import Timing

/// Which of the workflow's complaints are worth a line of their own: causes that last, such as a beacon node that is
/// down or a peer that repeats itself, come back at every duty.
struct ReportFilter {
    private var faults = FaultLog()
    /// The last reason told, by what failed; bounded by our own words for steps.
    private var reasons: [String: String] = [:]
    /// Why this node did not sign: a validator without a key does not come to have one because others' duties succeed.
    private var unsigned = Told<ContinuousClock.Instant>(every: .seconds(3600))

    /// Says whether a failure that is tried again is another one than before.
    mutating func isNews(_ step: DutyStep, _ reason: String, at now: ContinuousClock.Instant) -> Bool {
        step == .validatorAPI ? unsigned.isNews(reason, at: now) : isNews(step.name, reason)
    }

    /// For what is no step of a duty.
    mutating func isNews(_ what: String, _ reason: String) -> Bool {
        reasons.updateValue(reason, forKey: what) != reason
    }

    /// What failed works again: the next failure is news.
    mutating func works(_ what: String) { reasons[what] = nil }

    mutating func fault(_ fault: DutyFault, at now: ContinuousClock.Instant) -> FaultLog.Verdict {
        faults.note(fault.kind.rawValue, of: fault.peer, at: now)
    }
}
