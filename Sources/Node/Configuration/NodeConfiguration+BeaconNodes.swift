import BeaconClient
import Program

extension NodeConfiguration {
    /// Which beacon nodes are asked, and how.
    func beaconClient() throws(ConfigurationError) -> BeaconClientConfiguration {
        func addresses(_ texts: [String], _ flag: String) throws(ConfigurationError) -> [BeaconNodeAddress] {
            try texts.map { (text) throws(ConfigurationError) -> BeaconNodeAddress in
                do { return try BeaconNodeAddress(text) } catch {
                    throw ConfigurationError(
                        flag: flag, what: "has an unusable URL: \(error)", cure: "write e.g. http://localhost:5052")
                }
            }
        }
        var beacon = BeaconClientConfiguration(
            primaries: try addresses(beaconNodeEndpoints, "beacon-node-endpoints"),
            fallbacks: try addresses(fallbackBeaconNodeEndpoints, "fallback-beacon-node-endpoints"))
        beacon.readTimeout = beaconNodeTimeout
        beacon.submitTimeout = beaconNodeSubmitTimeout
        beacon.isJSONOnly = features.isOn(.jsonRequests)
        for header in beaconNodeHeaders {
            let parts = header.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            beacon.headers.append(String(parts[0]), String(parts[1]))
        }
        return beacon
    }
}
