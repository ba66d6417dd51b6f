import Ethereum
import SSZ

/// What the tracker is told about a duty, in the order of the pipeline.
package enum TrackedStep: Hashable, Sendable {
    case started(Set<PubKey>)
    case fetched
    case fetchFailed(String)
    case decided(round: Int64, leader: PeerIndex, after: Duration)
    case roundChanged(from: Int64, to: Int64, String)
    case consensusTimedOut
    case stored(Set<PubKey>)
    /// With the root of what was signed for each validator.
    case signedLocally([PubKey: Root])
    case signFailed(String)
    case signedByPeer(ShareIndex, [PubKey: Root])
    case thresholdReached(Set<PubKey>)
    case aggregated(Set<PubKey>)
    case broadcasted(Set<PubKey>)
    case broadcastFailed(String)

    // Faults: somebody's, and ours.
    case conflicted(PubKey, String)
    case equivocatedVote(PeerIndex, String)
    case equivocatedShare(PubKey, ShareIndex)
    case badShare(PubKey, ShareIndex)
    /// Signed for another duty than the one it was sent for.
    case foreignShare(PubKey, ShareIndex)
    case peerRefused(PeerIndex, String)
    /// A vote under our own key that this node did not make.
    case ownKeyElsewhere(String)
    case consensusFault(String)
}

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
}

/// The pipeline's steps, in order. Source: workflow.md §16.1.
package enum DutyStep: Int, Sendable, Hashable, Comparable, CaseIterable {
    case scheduler = 0
    case fetcher
    case consensus
    case dutyDB
    case validatorAPI
    case parSigDBLocal
    case parSigEx
    case parSigDBExternal
    case sigAggregation
    case aggSigDB
    case broadcast

    /// The name in logs, e.g. `parsig_db_local`.
    package var name: String {
        switch self {
        case .scheduler: "scheduler"
        case .fetcher: "fetcher"
        case .consensus: "consensus"
        case .dutyDB: "duty_db"
        case .validatorAPI: "validator_api"
        case .parSigDBLocal: "parsig_db_local"
        case .parSigEx: "parsig_ex"
        case .parSigDBExternal: "parsig_db_external"
        case .sigAggregation: "sig_aggregation"
        case .aggSigDB: "aggsig_db"
        case .broadcast: "bcast"
        }
    }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Why a duty failed. Names are those of Charon's metrics (operations.md §9.5).
package enum FailureReason: String, Sendable, Hashable {
    case fetchBNError = "fetch_bn_error"
    case noConsensus = "no_consensus"
    case bugDutyDBError = "bug_duty_db_error"
    case noLocalVCSignature = "no_local_vc_signature"
    case noPeerSignatures = "no_peer_signatures"
    case insufficientPeerSignatures = "insufficient_peer_signatures"
    case bugParSigDBInconsistent = "bug_par_sig_db_inconsistent"
    case bugSigAgg = "bug_sig_agg"
    case broadcastBNError = "broadcast_bn_error"
    case unknown

    /// For people: what happened and whom to look at.
    package var explanation: String {
        switch self {
        case .fetchBNError: "the beacon node gave no usable data: check that it is reachable and synced"
        case .noConsensus: "the cluster did not agree in time: check the connections to the other operators"
        case .bugDutyDBError: "the decided value was refused by this node's anti-slashing store"
        case .noLocalVCSignature:
            "no signature came from this node's validator client: check that it runs and uses Styx"
        case .noPeerSignatures: "no other operator's signature arrived: check the connections to the other operators"
        case .insufficientPeerSignatures: "too few operators signed: check which of them are down"
        case .bugParSigDBInconsistent: "operators signed different data for one duty"
        case .bugSigAgg: "the signatures could not be combined"
        case .broadcastBNError: "the beacon node refused the broadcast"
        case .unknown: "unknown"
        }
    }
}
