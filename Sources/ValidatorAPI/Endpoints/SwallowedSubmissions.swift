/// Accepted and dropped: the node does both itself, with what the cluster lock says (validator-api.md §3, rows 14, 26).
extension EndpointTable {
    var swallowed: [Endpoint] {
        [
            Endpoint(
                "submit_validator_registration", .post, "/eth/v1/validator/register_validator", bodies: .ignored
            ) { _ in .empty },
            Endpoint(
                "submit_proposal_preparations", .post, "/eth/v1/validator/prepare_beacon_proposer", bodies: .ignored
            ) { _ in .empty },
        ]
    }
}
