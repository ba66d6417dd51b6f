import BeaconAPI
import BeaconClient
import Cluster
import Logging

/// Beacon nodes that a command asks, under the names of their flags.
package struct BeaconNodes: Sendable {
    package var endpoints: [String] = []
    package var fallbackEndpoints: [String] = []
    /// `name=value`.
    package var headers: [String] = []
    package var timeout = Duration.seconds(30)

    package init() {}

    /// - Throws: without a node, and for what is no address or header. Never repeats them: they may hold passwords.
    package func configuration() throws(ClusterError) -> BeaconClientConfiguration {
        guard !endpoints.isEmpty else {
            throw .option(
                "--beacon-node-endpoints", "is missing; give at least one beacon node, e.g. http://localhost:5052")
        }
        guard timeout > .zero else { throw .option("--beacon-node-timeout", "is not above zero; use e.g. 30s") }
        var configuration = BeaconClientConfiguration(
            primaries: try Self.addresses(endpoints, "--beacon-node-endpoints"),
            fallbacks: try Self.addresses(fallbackEndpoints, "--fallback-beacon-node-endpoints"))
        configuration.readTimeout = timeout
        configuration.submitTimeout = timeout
        for header in headers {
            let parts = header.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw .option("--beacon-node-headers", "has an entry that is not name=value")
            }
            configuration.headers.append(String(parts[0]), String(parts[1]))
        }
        return configuration
    }

    /// A client for as long as `body` runs.
    package func with<R: Sendable>(logger: Logger, _ body: (BeaconClient) async throws -> R) async throws -> R {
        let client = BeaconClient(configuration: try configuration(), logger: logger)
        do {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    private static func addresses(_ texts: [String], _ option: String) throws(ClusterError) -> [BeaconNodeAddress] {
        try texts.map { text throws(ClusterError) in
            do throws(BeaconNodeAddress.Fault) {
                return try BeaconNodeAddress(text)
            } catch {
                throw .option(option, "has an unusable URL: \(error)")
            }
        }
    }
}
