/// Where the cause of a failed duty lies: who has to look. Raw values are for programs.
package enum FailureLayer: String, Sendable, Hashable, CaseIterable {
    case beaconNode = "beacon_node"
    /// Nodes that could, and did not agree; or this node's beacon node sees another chain than theirs.
    case consensus
    case validatorClient = "validator_client"
    /// This node's signer, be it keystores or a remote one.
    case signer
    /// Other operators, or the connections to them.
    case peers
    /// Another duty of the slot, which has a failure of its own.
    case otherDuty = "other_duty"
    /// This node's machine: slow, or stood still.
    case machine
    /// A fault of ours.
    case program

    /// For people.
    package var name: String {
        switch self {
        case .beaconNode: "beacon node"
        case .consensus: "consensus"
        case .validatorClient: "validator client"
        case .signer: "signer"
        case .peers: "other operators"
        case .otherDuty: "another duty"
        case .machine: "this machine"
        case .program: "fault of the program"
        }
    }
}

extension DutyFailure {
    /// - Parameter view: the cluster as it was then: without enough operators nobody can agree.
    package func layer(in view: ClusterView) -> FailureLayer {
        switch reason {
        case .fetchBNError, .broadcastBNError, .notIncludedOnChain: .beaconNode
        case .noConsensus: view.present < view.quorum ? .peers : .consensus
        case .bugDutyDBError: .consensus
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
        case .bugFetchError, .bugParSigDBInternal, .bugParSigDBExternal, .bugSigAgg, .unknown: .program
        }
    }
}
