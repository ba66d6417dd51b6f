import Ethereum

/// What one component tells the others. Reading this enum is reading the architecture: `Workflow.route` is the one
/// place where the arrows meet.
package enum Signal: Sendable {
    /// Scheduler: the time of a duty has come.
    case dutyStarted(Duty, DutyDefinitionSet)
    /// Fetcher: our own proposal for consensus.
    case fetched(Duty, UnsignedDataSet)
    /// Consensus: what the cluster will sign.
    case decided(Duty, UnsignedDataSet)
    /// InfoSync: our own proposal for what the nodes have in common.
    case prioritised(Duty, PriorityResult)
    /// Consensus: what the nodes have in common.
    case prioritiesDecided(Duty, PriorityResult)
    /// DutyDB: these entries may be signed.
    case stored(Duty, UnsignedDataSet)
    /// Fetcher: what a node that signs by itself signs without a decision, with empty signatures.
    case signable(Duty, SignedDataSet)
    /// Partial signatures of our validator client or signer, over exactly what was stored.
    case signedLocally(Duty, ParSignedDataSet)
    /// ParSigEx: partial signatures of a peer, in form; whether they hold shows when they are combined.
    case signedByPeer(Duty, ParSignedDataSet)
    /// ParSigDB: enough shares agree on one message, per entry.
    case thresholdReached(Duty, [EntryKey: PartialGroup])
    /// SigAgg: these shares do not belong to the group's message.
    case badShares(Duty, EntryKey, [ShareIndex])
    /// SigAgg: group signatures, verified under the validators' keys.
    case aggregated(Duty, SignedDataSet)
    /// Broadcaster: the beacon node took them.
    case broadcasted(Duty, [EntryKey])
    /// The duty's deadline passed, or a duty without one is done.
    case expired(Duty)
    /// Something signed with our own key that this node did not make: another process has it.
    case twinSeen(Duty, String)
    /// Something for the tracker: a step reached or a fault seen.
    case tracked(Duty, TrackedStep)
    /// Work for the shell.
    case perform(Effect)
}
