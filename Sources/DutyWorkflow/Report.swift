import Ethereum

/// What people and metrics hear of. Messages are for logs; nothing depends on them.
package enum Report: Hashable, Sendable {
    case started(Duty, validators: Int)
    case decided(Duty, round: Int64, leader: PeerIndex, after: Duration)
    /// All validators of the duty were broadcast.
    case succeeded(Duty, validators: Int, sinceDecided: Duration)
    /// At the deadline: how far the duty came, and why no further.
    case failed(Duty, step: DutyStep, reason: FailureReason, detail: String, missing: [PubKey])
    /// Consensus needs another round.
    case roundChanged(Duty, from: Int64, to: Int64, why: String)
    /// A retried step did not work this time.
    case retrying(Duty, step: DutyStep, detail: String)
    /// The beacon node did not give the duties of an epoch; asked again soon.
    case dutiesUnavailable(Epoch, String)
    /// Somebody signed two different things, or something that does not verify.
    case fault(Duty, String)
    /// Duties that were never begun. The count is nil when nobody knows how many there were.
    case dutiesMissed(from: Slot, to: Slot, count: Int?, String)
    /// Another process signs with our key: this node signs nothing more.
    case twinSeen(Duty, String)
}
