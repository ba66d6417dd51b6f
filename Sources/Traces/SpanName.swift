/// Charon's names of what we have too. Source: operations.md §11.
///
/// Not here: `tbls.ThresholdAggregate` (part of `Aggregate` and not seen by itself) and `app/retry.DoAsync` (each
/// attempt has a span of its own).
package enum SpanName: String, Sendable {
    /// From when a duty was to begin until it did.
    case scheduleSlot = "core/scheduler.scheduleSlot"
    case fetch = "core/fetcher.Fetch"
    /// From the duty's begin to the decision.
    case participate = "core/consensus.Participate"
    /// From own data to the decision.
    case propose = "core/consensus.Propose"
    case runInstance = "core/qbft.runInstance"
    /// A commit of the journal that holds the value.
    case dutyDBStore = "core/dutydb.Store"
    case awaitProposal = "core/dutydb.AwaitProposal"
    /// A commit of the journal that holds our shares.
    case storeInternal = "core/parsigdb.StoreInternal"
    /// A commit of the journal that holds a peer's shares.
    case storeExternal = "core/parsigdb.StoreExternal"
    /// Until each peer was sent our shares, or given up on.
    case parSigExBroadcast = "core/parsigex.Broadcast"
    case parSigExHandle = "core/parsigex.Handle"
    /// With the check of the group signature.
    case aggregate = "core/sigagg.Aggregate"
    /// A commit of the journal that holds the group signature.
    case aggSigDBStore = "core/aggsigdb.Store"
    case aggSigDBAwait = "core/aggsigdb.Await"
    case broadcast = "core/broadcaster.Broadcast"
    case attestationData = "core/validatorapi.AttestationData"
    case submitAttestations = "core/validatorapi.SubmitAttestations"
    case proposal = "core/validatorapi.Proposal"
    case submitProposal = "core/validatorapi.SubmitProposal"
    case submitBlindedProposal = "core/validatorapi.SubmitBlindedProposal"
    case aggregateAttestation = "core/validatorapi.AggregateAttestation"
    case submitAggregateAttestations = "core/validatorapi.SubmitAggregateAttestations"
    case proposerDuties = "core/validatorapi.ProposerDuties"
    case attesterDuties = "core/validatorapi.AttesterDuties"
    case validators = "core/validatorapi.Validators"
}
