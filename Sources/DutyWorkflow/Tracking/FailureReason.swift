/// Why a duty failed. Names are those of Charon's metrics (operations.md §9.5), `signingRefused` excepted.
package enum FailureReason: String, Sendable, Hashable, CaseIterable {
    case fetchBNError = "fetch_bn_error"
    case bugFetchError = "bug_fetch_error"
    case proposerNoExternalRandaos = "proposer_no_external_randaos"
    case proposerInsufficientRandaos = "proposer_insufficient_randaos"
    case proposerZeroRandaos = "proposer_zero_randaos"
    case failedProposerRandao = "failed_proposer_randao"
    case noAggregatorSelections = "no_aggregator_selections"
    case insufficientAggregatorSelections = "insufficient_aggregator_selections"
    case zeroAggregatorPrepares = "zero_aggregator_prepares"
    case failedAggregatorSelection = "failed_aggregator_selection"
    case missingAggregatorAttestation = "missing_aggregator_attestation"
    case syncContributionNoExternalPrepares = "sync_contribution_no_external_prepares"
    case syncContributionFewPrepares = "sync_contribution_few_prepares"
    case syncContributionZeroPrepares = "sync_contribution_zero_prepares"
    case syncContributionFailedPrepare = "sync_contribution_failed_prepare"
    case syncContributionNoSyncMsg = "sync_contribution_no_sync_msg"
    case noConsensus = "no_consensus"
    case bugDutyDBError = "bug_duty_db_error"
    case noLocalVCSignature = "no_local_vc_signature"
    /// This node could not, or would not, sign: the detail says why. Counted as `noLocalVCSignature`.
    case signingRefused = "signing_refused"
    case bugParSigDBInternal = "bug_par_sig_db_internal"
    case noPeerSignatures = "no_peer_signatures"
    case bugParSigDBExternal = "bug_par_sig_db_external"
    case insufficientPeerSignatures = "insufficient_peer_signatures"
    case bugParSigDBInconsistent = "bug_par_sig_db_inconsistent"
    /// Heads of the chain differ between operators for a moment: it happens.
    case parSigDBInconsistentSync = "par_sig_db_inconsistent_sync"
    case bugSigAgg = "bug_sig_agg"
    case bugAggregationError = "bug_aggregation_error"
    case broadcastBNError = "broadcast_bn_error"
    case notIncludedOnChain = "not_included_onchain"
    case unknown

    /// The label of metrics.
    package var code: String { self == .signingRefused ? Self.noLocalVCSignature.rawValue : rawValue }

    /// Lasts while validator clients are set up that way, so it is told once. Source: workflow.md §16.3.
    var isToldOnce: Bool { self == .zeroAggregatorPrepares || self == .syncContributionZeroPrepares }

    /// The duty of the same slot that was to be done first, and was not.
    var prerequisite: DutyType? {
        switch self {
        case .proposerNoExternalRandaos, .proposerInsufficientRandaos, .proposerZeroRandaos, .failedProposerRandao:
            .randao
        case .noAggregatorSelections, .insufficientAggregatorSelections, .zeroAggregatorPrepares,
            .failedAggregatorSelection:
            .prepareAggregator
        case .missingAggregatorAttestation: .attester
        case .syncContributionNoExternalPrepares, .syncContributionFewPrepares, .syncContributionZeroPrepares,
            .syncContributionFailedPrepare:
            .prepareSyncContribution
        case .syncContributionNoSyncMsg: .syncMessage
        case .fetchBNError, .bugFetchError, .noConsensus, .bugDutyDBError, .noLocalVCSignature, .signingRefused,
            .bugParSigDBInternal, .noPeerSignatures, .bugParSigDBExternal, .insufficientPeerSignatures,
            .bugParSigDBInconsistent, .parSigDBInconsistentSync, .bugSigAgg, .bugAggregationError, .broadcastBNError,
            .notIncludedOnChain, .unknown:
            nil
        }
    }
}
