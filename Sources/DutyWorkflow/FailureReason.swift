/// Why a duty failed. Names are those of Charon's metrics (operations.md §9.5).
package enum FailureReason: String, Sendable, Hashable {
    case fetchBNError = "fetch_bn_error"
    case noConsensus = "no_consensus"
    case bugDutyDBError = "bug_duty_db_error"
    case noLocalVCSignature = "no_local_vc_signature"
    /// This node could not, or would not, sign: the detail says why. Counted as `noLocalVCSignature`.
    case signingRefused = "signing_refused"
    case noPeerSignatures = "no_peer_signatures"
    case insufficientPeerSignatures = "insufficient_peer_signatures"
    case bugParSigDBInconsistent = "bug_par_sig_db_inconsistent"
    case bugSigAgg = "bug_sig_agg"
    case broadcastBNError = "broadcast_bn_error"
    case unknown

    /// The label of metrics.
    package var code: String { self == .signingRefused ? Self.noLocalVCSignature.rawValue : rawValue }

    /// For people: what happened and whom to look at.
    package var explanation: String {
        switch self {
        case .fetchBNError: "the beacon node gave no usable data: check that it is reachable and synced"
        case .noConsensus: "the cluster did not agree in time: check the connections to the other operators"
        case .bugDutyDBError: "the decided value was refused by this node's anti-slashing store"
        case .noLocalVCSignature:
            "no signature came from this node's validator client: check that it runs and uses Styx"
        case .signingRefused: "this node did not sign"
        case .noPeerSignatures: "no other operator's signature arrived: check the connections to the other operators"
        case .insufficientPeerSignatures: "too few operators signed: check which of them are down"
        case .bugParSigDBInconsistent: "operators signed different data for one duty"
        case .bugSigAgg: "the signatures could not be combined"
        case .broadcastBNError: "the beacon node refused the broadcast"
        case .unknown: "unknown"
        }
    }
}
