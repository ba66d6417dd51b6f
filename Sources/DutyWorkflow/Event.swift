import Ethereum
import SSZ

/// What comes in from the outside.
package enum Event: Sendable {
    /// `Workflow.nextWake` has come.
    case wake
    /// The duties of an epoch, of one kind: what the beacon node says of our validators.
    case dutiesResolved(Epoch, DutyKind, [DutyDefinition])
    case dutiesUnavailable(Epoch, DutyKind, reason: String)
    /// What was resolved cannot be all: these validators are active then and have no row, or, of nobody, no beacon node
    /// knows any validator of the cluster.
    case dutiesIncomplete(Epoch, DutyKind, without: [PubKey])
    /// The chain left blocks on which duties of these epochs depend.
    case dutiesChanged(Set<Epoch>)
    /// A fork was added, moved or withdrawn: the schedule from now on.
    case forksChanged(ForkSchedule)
    case fetched(Duty, FetchedData)
    case fetchFailed(Duty, Failure)
    /// A peer's consensus message, every signature in it checked.
    case consensusMessage(ConsensusMessage)
    /// A peer is there, perhaps after it was away.
    case peerConnected(PeerIndex)
    /// What a peer prefers, signed by it: its answer to `Effect.exchangePriorities`; with a ticket a request, answered
    /// with `.priorities`.
    case peerPriorities(PeerIndex, PriorityMessage, Ticket?)
    /// A peer's partial signatures, decoded and under its own share index, or all under ours; nothing is
    /// verified.
    case peerPartials(Duty, ParSignedDataSet)
    /// Outcome of `Effect.verify`: whether all of that set hold.
    case verified(ShareIndex, Bool)
    /// Partial signatures made here, checked under our own public share. Answered with `.submitted`.
    case localPartials([LocalPartials], Ticket?)
    /// Validators that could not be signed for.
    case signFailed(Duty, reason: String)
    /// Every peer was sent our partial signatures, or given up on.
    case shared(Duty, [EntryKey])
    case recovered(Duty, [EntryKey: Recovery])
    case broadcastSucceeded(Duty, [EntryKey])
    case broadcastFailed(Duty, SignedDataSet, Failure)
    /// What the beacon node says of the block of a slot.
    case blockSeen(Slot, BlockAnswer)
    /// Whom validators' blocks are to pay from now on.
    case feeRecipients([PubKey: Bytes20])
    /// What validators' blocks are to say from now on.
    case graffiti([PubKey: Bytes32])
    /// All builder registrations that this operator wants the cluster to sign, and that it has not.
    case registrationsWanted([PubKey: WantedRegistration])
    /// What this operator's key shares signed elsewhere, as far as it is told. Answered with `.recorded`.
    case signedElsewhere(SlashingHistory, Ticket)
    /// Two messages under a validator's key that contradict each other, both signatures checked; what was seen, for
    /// people.
    case slashingProven(PubKey, String)
    /// What the beacon nodes say of validators.
    case slashingsTold(SlashingPoll)
    /// Validators that voted in an epoch, say most beacon nodes.
    case validatorsAlive(Epoch, [PubKey])
    /// The operator wants the cluster to switch to other key shares. Answered with `.recorded`, or why not.
    case planSwitch(SwitchPlan, Ticket)
    /// The operator takes the plan back. Answered with `.recorded`, or why it is too late.
    case dropSwitch(Ticket)
    case query(Ticket, Query)
    /// The caller went away.
    case cancel(Ticket)
}
