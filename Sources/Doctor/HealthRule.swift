/// Charon's rules on its own metrics: names and severities are its, descriptions are ours. Source: operations.md §10.
///
/// Left out: `high_goroutine_count`, because Swift's runtime does not count tasks.
package enum HealthRule: String, Hashable, Sendable, CaseIterable {
    case beaconNodeSyncing = "beacon_node_syncing"
    case connectedPeers = "insufficient_connected_peers"
    case pendingValidators = "pending_validators"
    case registrationFailures = "high_registration_failures_rate"
    case highCardinality = "metrics_high_cardinality"
    case beaconNodeLatency = "high_beacon_node_latency"
    case beaconNodeProposalLatency = "high_beacon_node_proposal_latency"
    case clockOffset = "high_peer_clock_offset"
    case pingLatency = "high_peer_ping_latency"
    case usingFallback = "using_fallback_beacon_nodes"
    case roundChanges = "insufficient_round_changes"
    case consensusRounds = "high_consensus_rounds"
    case localBlock = "local_block_proposal"
    case proposalFeeRecipient = "local_proposal_fee_recipient_mismatch"
    case headDelay = "high_beacon_node_sse_head_delay"
    case parSigLatency = "high_parsigdb_store_latency"
    case parSigLatencyProposer = "high_parsigdb_store_latency_proposer"
    case syncHeadDisagreement = "sync_message_head_disagreement"
    case memoryLeak = "memory_leak"

    package enum Severity: String, Sendable { case critical, warning, info }

    package var severity: Severity {
        switch self {
        case .beaconNodeSyncing, .connectedPeers, .proposalFeeRecipient: .critical
        case .pendingValidators: .info
        default: .warning
        }
    }

    /// Constant: it is a label.
    package var description: String {
        switch self {
        case .beaconNodeSyncing: "The beacon node is syncing."
        case .connectedPeers: "Fewer other operators answer pings than signing takes."
        case .pendingValidators: "Validators wait for their activation."
        case .registrationFailures: "Requests with builder registrations fail."
        case .highCardinality: "A metric has more than 100 series for each validator."
        case .beaconNodeLatency: "One kind of call of beacon nodes takes more than 1 s on average."
        case .beaconNodeProposalLatency: "Blocks of beacon nodes take more than 2 s on average."
        case .clockOffset: "An operator's clock differs by more than 200 ms."
        case .pingLatency: "Pings of an operator take more than 150 ms on average."
        case .usingFallback: "A fallback beacon node is used."
        case .roundChanges: "This node waited in a later round of consensus that most others were not in."
        case .consensusRounds: "A vote or a block was decided in a later round than the first."
        case .localBlock: "The last block was the beacon node's own."
        case .proposalFeeRecipient: "The beacon node's own block pays somebody else."
        case .headDelay: "More than 4 % of the last hour's heads came later than 4 s."
        case .parSigLatency: "An operator's signatures for votes come more than 2 s late on average."
        case .parSigLatencyProposer: "An operator's signatures for blocks come more than 3 s late on average."
        case .syncHeadDisagreement: "More than 5 % of an operator's sync messages are for another head than most."
        case .memoryLeak: "Memory in use grew by more than 5 % from one day to the next."
        }
    }
}
