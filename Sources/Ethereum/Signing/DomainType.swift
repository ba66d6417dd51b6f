import SSZ

/// What a signature is for, so that none can be taken for another. Source: eth2-types.md §5.
package enum DomainType: CaseIterable, Hashable, Sendable {
    case beaconProposer
    case beaconAttester
    case randao
    case deposit
    case voluntaryExit
    case selectionProof
    case aggregateAndProof
    case syncCommittee
    case syncCommitteeSelectionProof
    case contributionAndProof
    /// Builder registrations: DOMAIN_APPLICATION_BUILDER of builder-specs.
    case applicationBuilder

    /// The first four bytes of the domain.
    package var bytes: Bytes4 {
        switch self {
        case .beaconProposer: Bytes4(padding: [0])
        case .beaconAttester: Bytes4(padding: [1])
        case .randao: Bytes4(padding: [2])
        case .deposit: Bytes4(padding: [3])
        case .voluntaryExit: Bytes4(padding: [4])
        case .selectionProof: Bytes4(padding: [5])
        case .aggregateAndProof: Bytes4(padding: [6])
        case .syncCommittee: Bytes4(padding: [7])
        case .syncCommitteeSelectionProof: Bytes4(padding: [8])
        case .contributionAndProof: Bytes4(padding: [9])
        case .applicationBuilder: Bytes4(padding: [0, 0, 0, 1])
        }
    }

    /// Its name in GET /eth/v1/config/spec.
    var specKey: String {
        switch self {
        case .beaconProposer: "DOMAIN_BEACON_PROPOSER"
        case .beaconAttester: "DOMAIN_BEACON_ATTESTER"
        case .randao: "DOMAIN_RANDAO"
        case .deposit: "DOMAIN_DEPOSIT"
        case .voluntaryExit: "DOMAIN_VOLUNTARY_EXIT"
        case .selectionProof: "DOMAIN_SELECTION_PROOF"
        case .aggregateAndProof: "DOMAIN_AGGREGATE_AND_PROOF"
        case .syncCommittee: "DOMAIN_SYNC_COMMITTEE"
        case .syncCommitteeSelectionProof: "DOMAIN_SYNC_COMMITTEE_SELECTION_PROOF"
        case .contributionAndProof: "DOMAIN_CONTRIBUTION_AND_PROOF"
        case .applicationBuilder: "DOMAIN_APPLICATION_BUILDER"
        }
    }
}
