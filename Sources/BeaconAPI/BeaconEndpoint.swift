import Ethereum
import SSZ

/// Every call of the beacon API that we make ourselves. Source: ethereum/beacon-APIs.
package enum BeaconEndpoint: Hashable, Sendable {
    case genesis
    case spec
    case syncing
    case nodeVersion
    case validators(StateID, ValidatorSelection)
    case attesterDuties(Epoch, [ValidatorIndex])
    /// Version 1 or 2: they differ in the block that the answer names as dependent root.
    case proposerDuties(Epoch, version: ProposerDutiesVersion)
    case syncDuties(Epoch, [ValidatorIndex])
    case attestationData(Slot, CommitteeIndex)
    case submitAttestations(ForkName, AttestationSubmission)
    case events([EventTopic])

    package enum ProposerDutiesVersion: String, CaseIterable, Hashable, Sendable {
        case v1
        case v2
    }

    package enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
    }

    /// The label of metrics and errors.
    package var name: String {
        switch self {
        case .genesis: "genesis"
        case .spec: "spec"
        case .syncing: "node_syncing"
        case .nodeVersion: "node_version"
        case .validators: "validators"
        case .attesterDuties: "attester_duties"
        case .proposerDuties: "proposer_duties"
        case .syncDuties: "sync_committee_duties"
        case .attestationData: "attestation_data"
        case .submitAttestations: "submit_attestations"
        case .events: "events"
        }
    }

    package var method: Method {
        switch self {
        case .genesis, .spec, .syncing, .nodeVersion, .proposerDuties, .attestationData, .events: .get
        case .validators, .attesterDuties, .syncDuties, .submitAttestations: .post
        }
    }

    /// Publishes something: every node should get it, and a node that has it already is no failure.
    package var isSubmission: Bool {
        switch self {
        case .submitAttestations: true
        default: false
        }
    }

    /// Path and query.
    package var target: String {
        switch self {
        case .genesis: "/eth/v1/beacon/genesis"
        case .spec: "/eth/v1/config/spec"
        case .syncing: "/eth/v1/node/syncing"
        case .nodeVersion: "/eth/v1/node/version"
        case .validators(let state, _): "/eth/v1/beacon/states/\(state)/validators"
        case .attesterDuties(let epoch, _): "/eth/v1/validator/duties/attester/\(epoch)"
        case .proposerDuties(let epoch, let version): "/eth/\(version.rawValue)/validator/duties/proposer/\(epoch)"
        case .syncDuties(let epoch, _): "/eth/v1/validator/duties/sync/\(epoch)"
        case .attestationData(let slot, let index):
            "/eth/v1/validator/attestation_data?slot=\(slot)&committee_index=\(index)"
        case .submitAttestations: "/eth/v2/beacon/pool/attestations"
        case .events(let topics): "/eth/v1/events?topics=" + topics.map(\.rawValue).joined(separator: ",")
        }
    }

    package var headers: HeaderFields {
        var headers: HeaderFields = [:]
        switch self {
        case .events: headers.append(HeaderName.accept, MediaType.eventStream)
        case .submitAttestations(let fork, _):
            headers.append(HeaderName.accept, MediaType.json)
            headers.append(HeaderName.consensusVersion, fork.name)
        default: headers.append(HeaderName.accept, MediaType.json)
        }
        if method == .post { headers.append(HeaderName.contentType, MediaType.json) }
        return headers
    }

    /// Nil for GET.
    package var body: [UInt8]? {
        switch self {
        case .genesis, .spec, .syncing, .nodeVersion, .proposerDuties, .attestationData, .events: nil
        case .validators(_, let selection):
            (["ids": .array(selection.ids.map(JSONValue.string))] as JSONValue).bytes()
        case .attesterDuties(_, let indices), .syncDuties(_, let indices):
            JSONValue.array(indices.map { $0.json() }).bytes()
        case .submitAttestations(_, let submission): submission.json().bytes()
        }
    }

    /// A longer answer is refused.
    package var answerBytesMax: Int {
        switch self {
        case .genesis, .syncing, .nodeVersion, .attestationData: 64 << 10
        case .spec: 1 << 20
        // A row has some 600 bytes; 1 KiB leaves room for white space.
        case .validators(_, let selection): (selection.count ?? Self.validatorsMax) << 10 + 64 << 10
        case .attesterDuties(_, let indices), .syncDuties(_, let indices):
            // Sync rows list up to 512 positions.
            min(indices.count, Self.validatorsMax) << 13 + 64 << 10
        // One row a slot; nodes have no business to send more.
        case .proposerDuties: 1 << 20
        case .submitAttestations: APIErrorBody.bytesMax
        // Unlimited as a whole: the parser bounds lines and events.
        case .events: .max
        }
    }

    /// Validators in one answer. Enough for test networks asked for all their validators, and for any cluster.
    package static let validatorsMax = 1 << 16
}
