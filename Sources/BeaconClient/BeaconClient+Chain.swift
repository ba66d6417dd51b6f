import BeaconAPI
import Ethereum
import SSZ

/// What chain it is, and how the nodes are.
extension BeaconClient {
    package func genesis() async throws(BeaconError) -> Genesis {
        try await call(.genesis) { try Genesis(json: $0.member("data")) }
    }

    /// One node's own answer, whether it may be used or not.
    package func genesis(of node: Int) async throws(BeaconError) -> Genesis {
        try await call(.genesis, at: node) { try Genesis(json: $0.member("data")) }
    }

    /// The chain's constants and forks.
    package func spec() async throws(BeaconError) -> ChainSpec {
        try await call(.spec) { try ChainSpec(json: $0.member("data")) }
    }

    /// One node's own answer.
    package func spec(of node: Int) async throws(BeaconError) -> ChainSpec {
        try await call(.spec, at: node) { try ChainSpec(json: $0.member("data")) }
    }

    /// Epochs for which a validator has to be active before it may exit (SHARD_COMMITTEE_PERIOD); mainnet's if the node
    /// does not say.
    package func shardCommitteePeriod() async throws(BeaconError) -> UInt64 {
        try await call(.spec) { try $0.member("data")["SHARD_COMMITTEE_PERIOD"]?.uint64 ?? 256 }
    }

    /// Whether we follow the chain: the status of a node that does, else of the one that is the least behind.
    package func syncing() async throws(BeaconError) -> SyncingStatus {
        var behind: [SyncingStatus] = []
        do {
            return try await call(.syncing) { json in
                let status = try SyncingStatus(json: json.member("data"))
                guard !status.isSyncing else {
                    behind.append(status)
                    throw BeaconError.Cause.syncing
                }
                return status
            }
        } catch {
            guard let nearest = behind.min(by: { $0.syncDistance < $1.syncDistance }) else { throw error }
            return nearest
        }
    }

    /// One node's own answer.
    package func syncing(of node: Int) async throws(BeaconError) -> SyncingStatus {
        try await call(.syncing, at: node) { try SyncingStatus(json: $0.member("data")) }
    }

    /// Peers that a node is connected to now.
    package func peerCount() async throws(BeaconError) -> UInt64 {
        try await call(.peerCount) { try $0.member("data").field("connected") }
    }

    /// What one node says about itself and its execution client; older nodes say less.
    package func versions(of node: Int) async throws(BeaconError) -> NodeVersions {
        do {
            return try await call(.nodeVersions, at: node) { try NodeVersions(json: $0.member("data")) }
        } catch {
            // Whatever it says instead: some answer what they do not know with 400, 404, 405 or 500.
            guard error.httpStatus != nil else { throw error }
            return NodeVersions(
                beaconNode: try await call(.nodeVersion, at: node) { try BeaconAnswer.nodeVersion($0) })
        }
    }

    /// What a node that answers says about itself, e.g. `Lighthouse/v8.0.0-…/x86_64-linux`.
    package func nodeVersion() async throws(BeaconError) -> String {
        try await call(.nodeVersion) { try BeaconAnswer.nodeVersion($0) }
    }
}
