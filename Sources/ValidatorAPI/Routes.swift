import HTTPTypes

/// Who answers which request (validator-api.md §3).
struct Routes: Sendable {
    enum Destination: Sendable {
        case endpoint(Endpoint, parameters: [String: String])
        /// Not ours: passed on as it is.
        case beaconNodes
    }

    let endpoints: [Endpoint]

    /// - Parameter path: its segments, see `RequestTarget`.
    /// - Throws: 405 for methods that no part of the Beacon API has; none of them is passed on, because some lenient
    ///   server might take a `PUT` for a `POST`, and with it what was signed with a share.
    func destination(of method: HTTPRequest.Method, _ path: [String]) throws(APIFault) -> Destination {
        guard [.get, .head, .post].contains(method) else { throw APIFault.method(allowed: "GET, HEAD, POST") }
        for endpoint in endpoints where endpoint.method == (method == .head ? .get : method) {
            guard let parameters = endpoint.path.match(path) else { continue }
            // A stream has no length, and its head says nothing.
            if method == .head, !endpoint.isBounded { throw APIFault.method(allowed: "GET") }
            return .endpoint(endpoint, parameters: parameters)
        }
        return .beaconNodes
    }
}
