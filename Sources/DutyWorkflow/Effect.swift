import Ethereum
import SSZ

/// Work the shell does. Everything else the workflow does by itself. `Outbox` says which of it waits for the disk.
package enum Effect: Sendable {
    /// To be on disk before what `Outbox` holds back for its duty.
    case persist(Record)
    /// May reach the disk with the next commit: it only saves work after a restart.
    case note(Record)
    /// Ask for an epoch's duties; each kind is answered by itself.
    case resolveDuties(Epoch, Set<DutyKind>)
    case fetch(Duty, FetchRequest)
    /// To every other peer.
    case sendConsensus(ConsensusMessage)
    /// To the one peer that asked for a decision.
    case sendConsensusTo(PeerIndex, ConsensusMessage)
    /// To every other peer; each answers with its own: `.peerPriorities`.
    case exchangePriorities(PriorityMessage)
    /// With our key shares: objects with empty signatures.
    case sign(Duty, SignedDataSet)
    /// Our partial signatures, to every other peer.
    case shareWithPeers(Duty, ParSignedDataSet)
    /// Our partial signatures once more, to a peer that may have missed them.
    case shareWithPeer(PeerIndex, Duty, ParSignedDataSet)
    /// Check a suspect's partial signatures under its public shares; answered with `.verified`. One at a time each.
    case verify(ShareIndex, Duty, ParSignedDataSet)
    /// Signatures soon to be combined: decode them meanwhile. No answer.
    case decodeAhead([SignatureBytes])
    /// Combine shares and verify the result under the validator's key.
    case recover(Duty, [EntryKey: PartialGroup])
    case broadcast(Duty, SignedDataSet)
    /// The epoch of a confirmed plan comes: go on with the new key shares, on the same journal's history. The last
    /// thing that this workflow wants.
    case enterNewSet(SwitchPlan)
    /// Ask the beacon node for the block of a slot, to see whether it has what was broadcast; answered with
    /// `.blockSeen`. A few at a time.
    case checkInclusion(Slot)
    case answer(Ticket, Answer)
    /// For logs and metrics.
    case report(Report)
}
