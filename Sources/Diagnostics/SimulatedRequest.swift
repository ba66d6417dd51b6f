import NIOHTTP1
import SSZ

/// One request that a cluster sends to its beacon node.
///
/// What is published is empty, so a node refuses it or takes nothing from it: a test must not change what a node
/// believes of anybody's validators, least of all whom their blocks pay.
struct SimulatedRequest: Equatable, Sendable {
    /// For reports: the path with placeholders.
    let name: String
    let method: HTTPMethod
    let path: String
    let body: JSONValue?

    private init(_ method: HTTPMethod, _ name: String, _ path: String, _ body: JSONValue?) {
        self.name = "\(method.rawValue) \(name)"
        self.method = method
        self.path = path
        self.body = body
    }

    private static func get(_ name: String, _ query: String = "") -> SimulatedRequest {
        SimulatedRequest(.GET, name, name + query, nil)
    }

    private static func post(_ name: String, _ body: JSONValue) -> SimulatedRequest {
        SimulatedRequest(.POST, name, name, body)
    }

    private static let zeroRoot = "0x" + String(repeating: "0", count: 64)
    /// Of nobody: the point at infinity.
    private static let zeroSignature = "0xc0" + String(repeating: "0", count: 190)

    // MARK: Of one validator

    static func attestation(slot: UInt64, validator: Int) -> [SimulatedRequest] {
        [
            get("/eth/v1/validator/attestation_data", "?slot=\(slot)&committee_index=\(validator % 64)"),
            post("/eth/v2/beacon/pool/attestations", []),
        ]
    }

    static func aggregation(slot: UInt64, validator: Int) -> [SimulatedRequest] {
        [
            get(
                "/eth/v2/validator/aggregate_attestation",
                "?attestation_data_root=\(zeroRoot)&slot=\(slot)&committee_index=\(validator % 64)"),
            post("/eth/v2/validator/aggregate_and_proofs", []),
        ]
    }

    static func proposal(slot: UInt64) -> [SimulatedRequest] {
        [
            SimulatedRequest(
                .GET, "/eth/v3/validator/blocks/{slot}",
                "/eth/v3/validator/blocks/\(slot)?randao_reveal=\(zeroSignature)&skip_randao_verification", nil),
            post("/eth/v2/beacon/blocks", [:]),
        ]
    }

    static func syncMessage() -> [SimulatedRequest] {
        [get("/eth/v1/beacon/blocks/head/root"), post("/eth/v1/beacon/pool/sync_committees", [])]
    }

    static func syncContribution(slot: UInt64, validator: Int) -> [SimulatedRequest] {
        [
            get(
                "/eth/v1/validator/sync_committee_contribution",
                "?slot=\(slot)&subcommittee_index=\(validator % 4)&beacon_block_root=\(zeroRoot)"),
            post("/eth/v1/validator/contribution_and_proofs", []),
        ]
    }

    static let syncSubscription = post("/eth/v1/validator/sync_committee_subscriptions", [])

    // MARK: Of the cluster

    static func blockAttestations(slot: UInt64) -> SimulatedRequest {
        SimulatedRequest(
            .GET, "/eth/v2/beacon/blocks/{slot}/attestations", "/eth/v2/beacon/blocks/\(slot)/attestations", nil)
    }

    static func proposerDuties(epoch: UInt64) -> SimulatedRequest {
        SimulatedRequest(
            .GET, "/eth/v1/validator/duties/proposer/{epoch}", "/eth/v1/validator/duties/proposer/\(epoch)", nil)
    }

    static func attesterDuties(epoch: UInt64, validators: Int) -> SimulatedRequest {
        SimulatedRequest(
            .POST, "/eth/v1/validator/duties/attester/{epoch}", "/eth/v1/validator/duties/attester/\(epoch)",
            indices(validators))
    }

    static func syncDuties(epoch: UInt64, validators: Int) -> SimulatedRequest {
        SimulatedRequest(
            .POST, "/eth/v1/validator/duties/sync/{epoch}", "/eth/v1/validator/duties/sync/\(epoch)",
            indices(validators))
    }

    static func validators(_ count: Int) -> SimulatedRequest {
        post("/eth/v1/beacon/states/head/validators", ["ids": indices(count)])
    }

    private static func indices(_ count: Int) -> JSONValue { .array((0..<count).map { .string("\($0)") }) }

    static let syncing = get("/eth/v1/node/syncing")
    static let peerCount = get("/eth/v1/node/peer_count")
    static let committeeSubscription = post("/eth/v1/validator/beacon_committee_subscriptions", [])
    static let genesis = get("/eth/v1/beacon/genesis")
    static let prepareProposer = post("/eth/v1/validator/prepare_beacon_proposer", [])
    static let specification = get("/eth/v1/config/spec")
    static let version = get("/eth/v1/node/version")
}
