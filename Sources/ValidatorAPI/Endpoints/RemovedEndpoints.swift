import HTTPTypes

/// Answered with 404 on purpose: their bodies do not name a fork, or they are gone (validator-api.md §3).
extension EndpointTable {
    var removed: [Endpoint] {
        let paths: [(String, HTTPRequest.Method, String)] = [
            ("submit_attestations", .post, "/eth/v1/beacon/pool/attestations"),
            ("propose_block", .get, "/eth/v2/validator/blocks/{slot}"),
            ("propose_blinded_block", .get, "/eth/v1/validator/blinded_blocks/{slot}"),
            ("teku_proposer_config", .get, "/teku_proposer_config"),
            ("proposer_config", .get, "/proposer_config"),
            ("aggregate_attestation", .get, "/eth/v1/validator/aggregate_attestation"),
            ("submit_aggregate_and_proofs", .post, "/eth/v1/validator/aggregate_and_proofs"),
        ]
        return paths.map { name, method, path in
            Endpoint(name, method, path, bodies: .ignored) { _ in throw APIFault.notFound }
        }
    }
}
