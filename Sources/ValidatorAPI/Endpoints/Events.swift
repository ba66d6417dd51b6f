import BeaconAPI

/// The event stream of the best beacon node (validator-api.md §7.2).
extension EndpointTable {
    /// Charon counts these among the proxied requests and has no name for them.
    var events: Endpoint {
        Endpoint("events", .get, "/eth/v1/events", bodies: .ignored, isBounded: false) { call in
            .stream(
                try await backend.proxyEvents(
                    ProxyRequest(
                        method: call.request.method.rawValue, target: call.target.path + call.target.query,
                        headers: call.request.headers.headerFields)))
        }
    }
}
