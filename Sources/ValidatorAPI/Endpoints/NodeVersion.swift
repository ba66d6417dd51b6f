import SSZ

/// Who we are (validator-api.md §4.13).
extension Endpoint {
    /// Known before anything else is.
    static func nodeVersion(_ version: String) -> Endpoint {
        Endpoint("node_version", .get, "/eth/v1/node/version") { _ in
            .json(["data": ["version": .string(version)]])
        }
    }
}
