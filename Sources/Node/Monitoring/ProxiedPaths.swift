import Prometheus

/// What the label `path` may be: passed-on paths of the Beacon API, as `ProxyLabel` writes them. Whoever asks for
/// anything else is counted as `other`.
enum ProxiedPaths {
    static let table = LabelTable(
        fixed
            + places.flatMap { place in
                ofStates.map { "eth_v1_beacon_states_\(place)_\($0)" } + ofBlocks.map { "\($0.0)\(place)\($0.1)" }
            })

    /// How a state or block is named.
    private static let places = ["head", "genesis", "finalized", "justified", "{n}", "{hex}"]
    private static let ofStates = [
        "root", "fork", "finality_checkpoints", "validators", "validator_balances", "committees", "sync_committees",
        "randao", "validators_{n}", "validators_{hex}", "validator_identities", "pending_deposits",
        "pending_partial_withdrawals", "pending_consolidations", "proposer_lookahead",
    ]
    private static let ofBlocks: [(String, String)] = [
        ("eth_v1_beacon_headers_", ""), ("eth_v1_beacon_blocks_", "_root"), ("eth_v1_beacon_blocks_", "_attestations"),
        ("eth_v2_beacon_blocks_", ""), ("eth_v2_beacon_blocks_", "_attestations"),
        ("eth_v1_beacon_blinded_blocks_", ""),
        ("eth_v1_beacon_blob_sidecars_", ""), ("eth_v1_beacon_blobs_", ""), ("eth_v1_beacon_rewards_blocks_", ""),
        ("eth_v1_beacon_rewards_sync_committee_", ""), ("eth_v2_debug_beacon_states_", ""),
    ]
    private static let fixed: [String] =
        [
            "genesis", "headers", "pool_attestations", "pool_attester_slashings", "pool_proposer_slashings",
            "pool_sync_committees", "pool_voluntary_exits", "pool_bls_to_execution_changes", "rewards_attestations_{n}",
            "light_client_finality_update", "light_client_optimistic_update", "light_client_updates",
            "light_client_bootstrap_{hex}",
        ].map { "eth_v1_beacon_" + $0 }
        + [
            "eth_v2_beacon_pool_attestations", "eth_v2_beacon_pool_attester_slashings", "eth_v1_config_spec",
            "eth_v1_config_fork_schedule", "eth_v1_config_deposit_contract", "eth_v2_debug_beacon_heads",
            "eth_v1_debug_fork_choice", "eth_v1_node_identity", "eth_v1_node_peers", "eth_v1_node_peers_{peer_id}",
            "eth_v1_node_peer_count", "eth_v1_node_syncing", "eth_v1_node_health", "eth_v2_node_version",
            "eth_v1_validator_liveness_{n}", "eth_v1_validator_beacon_committee_subscriptions",
            "eth_v1_validator_sync_committee_subscriptions",
        ]
}
