import SSZ

/// Accepted and dropped: the node does both itself, with what the cluster lock says (validator-api.md §3, rows 14, 26).
extension EndpointTable {
    var swallowed: [Endpoint] {
        [
            Endpoint(
                "submit_validator_registration", .post, "/eth/v1/validator/register_validator", bodies: .ignored
            ) { call in
                await swallow(call) { (json) throws(SSZError) in try PaymentWish(registration: json, keys: keys) }
            },
            Endpoint(
                "submit_proposal_preparations", .post, "/eth/v1/validator/prepare_beacon_proposer", bodies: .ignored
            ) { call in await swallow(call) { (json) throws(SSZError) in try PaymentWish(preparation: json) } },
        ]
    }

    /// Entries that are looked at; the rest is dropped unread.
    private static var wishesMax: Int { 1 << 16 }
    /// What is larger is dropped unread.
    private static var wishBytesMax: Int { 4 << 20 }

    /// Whatever the body is, the answer is the same: what can be read of it is told.
    private func swallow(
        _ call: APICall, _ read: (JSONValue) throws(SSZError) -> PaymentWish
    ) async -> Reply {
        guard call.bodyType == .json, let length = call.header("Content-Length").flatMap({ Int($0) }),
            length <= Self.wishBytesMax, let json = try? await call.optionalJSON(), let items = json.array
        else { return .empty }
        let wishes = items.prefix(Self.wishesMax).compactMap { try? read($0) }
        if !wishes.isEmpty { wished(wishes) }
        return .empty
    }
}
