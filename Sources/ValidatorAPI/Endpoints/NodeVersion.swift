import SSZ

/// Who we are (validator-api.md §4.13).
extension EndpointTable {
    var getNodeVersion: Endpoint {
        Endpoint("node_version", .get, "/eth/v1/node/version") { _ in
            .json(["data": ["version": .string(nodeVersion)]])
        }
    }
}
