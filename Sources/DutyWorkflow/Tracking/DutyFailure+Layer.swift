extension DutyFailure {
    /// Where the cause lies: who has to look.
    ///
    /// - Parameter view: the cluster as it was then: without enough operators nobody can agree.
    package func layer(in view: ClusterView) -> Layer {
        switch reason {
        case .fetchBNError, .broadcastBNError, .notIncludedOnChain: .beaconNode
        case .noConsensus: view.missed(by: duty).isEmpty ? .cluster : .peers
        case .bugDutyDBError: .cluster
        case .noLocalVCSignature, .proposerZeroRandaos, .zeroAggregatorPrepares, .syncContributionZeroPrepares:
            .validatorClient
        case .signingRefused: .signer
        case .noPeerSignatures, .insufficientPeerSignatures, .bugParSigDBInconsistent, .parSigDBInconsistentSync,
            .proposerNoExternalRandaos, .proposerInsufficientRandaos, .noAggregatorSelections,
            .insufficientAggregatorSelections, .syncContributionNoExternalPrepares, .syncContributionFewPrepares:
            .peers
        case .failedProposerRandao, .failedAggregatorSelection, .missingAggregatorAttestation,
            .syncContributionFailedPrepare, .syncContributionNoSyncMsg:
            .otherDuty
        case .bugAggregationError: .machine
        case .bugFetchError, .bugParSigDBInternal, .bugParSigDBExternal, .bugSigAgg, .unknown: .thisNode
        }
    }
}
