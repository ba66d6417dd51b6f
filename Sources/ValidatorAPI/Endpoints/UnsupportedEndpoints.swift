import HTTPTypes

/// Other versions of the API (`{version}`) than those we serve, and what a fork to come brings: answered with 501.
///
/// None of them may be passed on: a beacon node would get signatures made with a share, or the client would sign what
/// the cluster did not agree on. What is served or gone on purpose comes before these.
extension EndpointTable {
    var unsupported: [Endpoint] {
        let validator = "/eth/{version}/validator/"
        let beacon = "/eth/{version}/beacon/"
        let paths: [(String, HTTPRequest.Method, String, String)] = [
            ("propose_block_v3", .get, validator + "blocks/{slot}", "this version of block production"),
            ("submit_proposal_v2", .post, beacon + "blocks", "this version of block publication"),
            ("submit_blinded_block_v2", .post, beacon + "blinded_blocks", "this version of block publication"),
            ("submit_voluntary_exit", .post, beacon + "pool/voluntary_exits", "this version of voluntary exits"),
            ("submit_attestations", .post, beacon + "pool/attestations", "this version of attestation submission"),
            (
                "aggregate_beacon_committee_selections", .post, validator + "beacon_committee_selections",
                "this version of committee selections"
            ),
            ("aggregate_attestation_v2", .get, validator + "aggregate_attestation", "this version of aggregates"),
            ("submit_aggregate_and_proofs_v2", .post, validator + "aggregate_and_proofs", "this version of aggregates"),
            ("submit_sync_committee_messages", .post, beacon + "pool/sync_committees", "this version of sync messages"),
            (
                "aggregate_sync_committee_selections", .post, validator + "sync_committee_selections",
                "this version of sync selections"
            ),
            (
                "sync_committee_contribution", .get, validator + "sync_committee_contribution",
                "this version of contributions"
            ),
            (
                "submit_contribution_and_proofs", .post, validator + "contribution_and_proofs",
                "this version of contributions"
            ),
            // Gloas, whose duties no cluster has a numbering for (validator-api.md §9).
            ("gloas", .get, validator + "execution_payload_envelopes/{slot}/{root}", "Gloas"),
            ("gloas", .post, beacon + "execution_payload_envelopes", "Gloas"),
            ("gloas", .get, validator + "execution_payload_bids/{slot}/{builder}", "Gloas"),
            ("gloas", .post, beacon + "execution_payload_bids", "Gloas"),
            ("gloas", .get, validator + "payload_attestation_data", "Gloas"),
            ("gloas", .get, validator + "payload_attestation_data/{slot}", "Gloas"),
            ("gloas", .post, beacon + "pool/payload_attestations", "Gloas"),
            ("gloas", .post, validator + "duties/ptc/{epoch}", "Gloas"),
            ("gloas", .post, validator + "proposer_preferences", "Gloas"),
            ("register_validator", .post, validator + "register_validator", "this version of registration"),
            ("proposal_preparations", .post, validator + "prepare_beacon_proposer", "this version of preparation"),
            ("attester_duties", .post, validator + "duties/attester/{epoch}", "this version of attester duties"),
            ("proposer_duties", .get, validator + "duties/proposer/{epoch}", "this version of proposer duties"),
            ("sync_committee_duties", .post, validator + "duties/sync/{epoch}", "this version of sync duties"),
            ("attestation_data", .get, validator + "attestation_data", "this version of attestation data"),
        ]
        return paths.map { name, method, path, what in
            Endpoint(name, method, path, bodies: .ignored) { _ in
                throw APIFault(501, "\(what) is not supported by this version of Styx yet")
            }
        }
    }
}
