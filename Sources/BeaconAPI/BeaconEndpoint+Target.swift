import Ethereum
import SSZ

extension BeaconEndpoint {
    /// The label of metrics and errors.
    package var name: String {
        switch self {
        case .genesis: "genesis"
        case .spec: "spec"
        case .syncing: "node_syncing"
        case .peerCount: "node_peer_count"
        case .nodeVersion, .nodeVersions: "node_version"
        case .validators, .validatorsByQuery: "validators"
        case .attesterDuties: "attester_duties"
        case .proposerDuties: "proposer_duties"
        case .syncDuties: "sync_committee_duties"
        case .liveness: "liveness"
        case .attestationData: "attestation_data"
        case .aggregateAttestation: "aggregate_attestation"
        case .syncContribution: "sync_committee_contribution"
        case .produceBlock: "proposal"
        case .blockHeader: "beacon_block_header"
        case .blockRoot: "beacon_block_root"
        case .blockAttestations: "block_attestations"
        case .committees: "committees"
        case .submit(let submission): submission.name
        case .events: "events"
        }
    }

    /// Path and query.
    package var target: String {
        switch self {
        case .genesis: "/eth/v1/beacon/genesis"
        case .spec: "/eth/v1/config/spec"
        case .syncing: "/eth/v1/node/syncing"
        case .peerCount: "/eth/v1/node/peer_count"
        case .nodeVersion: "/eth/v1/node/version"
        case .nodeVersions: "/eth/v2/node/version"
        case .validators(let state, _): "/eth/v1/beacon/states/\(state)/validators"
        case .validatorsByQuery(let state, let selection):
            "/eth/v1/beacon/states/\(state)/validators?" + selection.ids.map { "id=\($0)" }.joined(separator: "&")
        case .attesterDuties(let epoch, _): "/eth/v1/validator/duties/attester/\(epoch)"
        case .proposerDuties(let epoch, let version): "/eth/\(version.rawValue)/validator/duties/proposer/\(epoch)"
        case .syncDuties(let epoch, _): "/eth/v1/validator/duties/sync/\(epoch)"
        case .liveness(let epoch, _): "/eth/v1/validator/liveness/\(epoch)"
        case .attestationData(let slot, let index):
            "/eth/v1/validator/attestation_data?slot=\(slot)&committee_index=\(index)"
        case .aggregateAttestation(let slot, let root, let index):
            "/eth/v2/validator/aggregate_attestation?attestation_data_root=\(root)&slot=\(slot)&committee_index=\(index)"
        case .syncContribution(let slot, let subcommittee, let root):
            "/eth/v1/validator/sync_committee_contribution?slot=\(slot)&subcommittee_index=\(subcommittee)"
                + "&beacon_block_root=\(root)"
        case .produceBlock(let slot, let wishes):
            "/eth/v3/validator/blocks/\(slot)?randao_reveal=\(wishes.randao)&graffiti=\(wishes.graffiti)"
                + (wishes.builderBoostFactor.map { "&builder_boost_factor=\($0)" } ?? "")
        case .blockHeader(let block): "/eth/v1/beacon/headers/\(block)"
        case .blockRoot(let block): "/eth/v1/beacon/blocks/\(block)/root"
        case .blockAttestations(let block): "/eth/v2/beacon/blocks/\(block)/attestations"
        case .committees(let state, let epoch, let slot):
            "/eth/v1/beacon/states/\(state)/committees?epoch=\(epoch)&slot=\(slot)"
        case .submit(let submission): submission.path
        case .events(let topics): "/eth/v1/events?" + topics.map { "topics=\($0.rawValue)" }.joined(separator: "&")
        }
    }
}
