import Ethereum

/// What people and metrics hear of. Messages are for logs; nothing depends on them.
package enum Report: Hashable, Sendable {
    case started(Duty, validators: Int)
    case decided(Duty, round: Int64, leader: PeerIndex, after: Duration)
    /// All validators of the duty were broadcast.
    case succeeded(Duty, validators: Int, sinceDecided: Duration)
    /// At the deadline, or when the chain does not have it: how far the duty came, and why no further.
    case failed(DutyFailure)
    /// Once for every duty this node had a part in, after its deadline: for metrics.
    case analysed(DutyAnalysis)
    /// An operator signed nothing in so many duties in a row.
    case peerAbsent(PeerIndex, duties: Int)
    /// It signs again.
    case peerReturned(PeerIndex, missed: Int)
    /// Consensus needs another round.
    case roundChanged(Duty, from: Int64, to: Int64, why: String)
    /// Once consensus is over: in a later round than the first, fewer than a quorum said that they are in it. The
    /// others were elsewhere, or had decided.
    case roundChangesLacked(Duty, isDecided: Bool)
    /// A retried step did not work this time.
    case retrying(Duty, step: DutyStep, detail: String)
    /// The beacon node did not give the duties of an epoch; asked again soon.
    case dutiesUnavailable(Epoch, String)
    /// No beacon node has an attester duty for these validators, which are active in the epoch. Once an epoch.
    case validatorsWithoutDuty(Epoch, [PubKey])
    /// Somebody signed two different things, or something that does not verify.
    case fault(Duty, DutyFault)
    /// Duties that were never begun. The count is nil when nobody knows how many there were.
    case dutiesMissed(from: Slot, to: Slot, count: Int?, String)
    /// What the nodes have in common is something else than before.
    case prioritiesAgreed(AgreedPriorities)
    /// Another process signs with our key: this node signs nothing more.
    case twinSeen(Duty, String)
    /// That was seen before this start, and nobody has lifted it.
    case stillHalted(Halt)
    /// One of our validators was slashed: nothing more is signed for it.
    case slashed(PubKey, Slashing)
    /// Most beacon nodes say now that it was not.
    case slashingLifted(PubKey)
    case plannedSwitch(SwitchPlan, SwitchNews)
}

extension Report {
    /// Nil for what is of no single duty.
    package var duty: Duty? {
        switch self {
        case .started(let duty, _), .decided(let duty, _, _, _), .succeeded(let duty, _, _),
            .roundChanged(let duty, _, _, _), .roundChangesLacked(let duty, _), .retrying(let duty, _, _),
            .fault(let duty, _), .twinSeen(let duty, _):
            duty
        case .failed(let failure): failure.duty
        case .analysed(let analysis): analysis.duty
        case .stillHalted(let halt): halt.duty
        case .peerAbsent, .peerReturned, .dutiesUnavailable, .validatorsWithoutDuty, .dutiesMissed, .prioritiesAgreed,
            .slashed, .slashingLifted, .plannedSwitch:
            nil
        }
    }
}
