import Ethereum
import QBFT
import SSZ

/// One line of the journal. Records are applied in order; applying one twice changes nothing.
///
/// A record that the workflow hands out as `Effect.persist` is on disk before any later effect happens; one handed
/// out as `Effect.note` may follow with the next commit (it only saves work after a restart).
package enum Record: Hashable, Sendable {
    /// A consensus message of our own, sealed. Includes everything needed to resume the instance: a COMMIT carries the
    /// PREPAREs that made the value prepared in `message.justification` of this record (not on the wire).
    case vote(Duty, QBFT.Message, values: [Root: ConsensusValue])
    /// DutyDB: values that may be served and signed from now on. Unique per (slot, type, public key); the first stays.
    case unsigned(Duty, UnsignedDataSet)
    /// Anti-slashing, kept for ever: the highest source and target epoch this node has let a validator sign.
    case attestationWatermark(PubKey, AttestationWatermark)
    /// Anti-slashing, kept for ever: the last block this node has let a validator sign.
    case proposalWatermark(PubKey, ProposalWatermark)
    /// ParSigDB: partial signatures, ours (`.internal`) or a peer's (`.broadcasted`).
    case partials(Duty, ParSignedDataSet, PartialStatus)
    /// ParSigDB: new status of all shares of these entries in a duty; for `.broadcasted` of our own share.
    case partialStatus(Duty, [EntryKey], PartialStatus)
    /// AggSigDB: group signatures, verified. Unique per (slot, type, public key); the first stays.
    case aggregated(Duty, SignedDataSet)
    /// The beacon node accepted the broadcast of these entries.
    case broadcast(Duty, [EntryKey])
    /// The deadline passed: the duty is closed for ever, its partial signatures become expired. Its votes stay until
    /// the sweep: a clock that is corrected backwards must not find the duty open and the votes gone.
    case expired(Duty)
    /// Of a duty without a deadline that this node signed nothing of: what others signed makes room for other duties,
    /// and may come again.
    case forgotten(Duty)
    /// Our key was seen to sign elsewhere. Stays over restarts; the first stays.
    case halted(Halt)
    /// The operator says that this is over. Nothing else lifts it.
    case haltLifted
    /// A validator was slashed: nothing more is signed for it. What is proven stays, and takes the place of what was
    /// told.
    case slashed(PubKey, Slashing)
    /// The chain says otherwise now. Lifts only what was told.
    case slashingLifted(PubKey)
    /// How far a planned switch is. There is one; `SwitchRecord.replacing` says what follows what.
    case plannedSwitch(SwitchRecord)
    /// The operator has taken a plan back before anybody went by it.
    case switchDropped(SwitchPlan)
}

/// Life of a partial signature: internal → broadcasted → aggregated, or expired.
package enum PartialStatus: Int, Sendable, Hashable {
    case `internal` = 0
    case broadcasted = 1
    case aggregated = 2
    case expired = 3
}

extension Record {
    /// Nil for what belongs to a validator or to the node, not to a duty.
    package var duty: Duty? {
        switch self {
        case .vote(let duty, _, _), .unsigned(let duty, _), .partials(let duty, _, _), .partialStatus(let duty, _, _),
            .aggregated(let duty, _), .broadcast(let duty, _), .expired(let duty), .forgotten(let duty):
            duty
        // What is said of it waits for it.
        case .plannedSwitch(let record): record.plan.decidingDuty
        case .attestationWatermark, .proposalWatermark, .halted, .haltLifted, .slashed, .slashingLifted, .switchDropped:
            nil
        }
    }
}
