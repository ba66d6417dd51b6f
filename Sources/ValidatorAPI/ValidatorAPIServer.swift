import BeaconAPI
import HTTPServing
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// The beacon node that validator clients see (validator-api.md).
///
/// A request is answered by an endpoint of ours (`Endpoints/`), or passed on to the beacon nodes. Every request ends
/// within a bound, when the client leaves, or when the server stops; `ValidatorAPIResponder` is the place to start.
package final class ValidatorAPIServer: Sendable {
    /// Whether a validator client is alive.
    package let activity = ValidatorClientActivity()
    private let configuration: ValidatorAPIConfiguration
    private let responder: ValidatorAPIResponder
    private let connections = Connections()
    private let logger: Logger
    private let bound = Mutex<Int?>(nil)

    package init(
        configuration: ValidatorAPIConfiguration, backend: any ValidatorAPIBackend, keys: KeyTranslation,
        logger: Logger
    ) {
        self.configuration = configuration
        self.logger = logger
        let table = EndpointTable(backend: backend, keys: keys, nodeVersion: configuration.nodeVersion)
        responder = ValidatorAPIResponder(
            endpoints: table.all, backend: backend, configuration: configuration, activity: activity,
            admission: Admission(requestsMax: configuration.requestsMax), connections: connections, logger: logger)
    }

    /// The port listened on; nil until then.
    package var port: Int? { bound.withLock { $0 } }

    /// Requests being worked on or waiting.
    package var requestsInFlight: Int { responder.admission.count }

    /// Serves until cancelled or shut down gracefully; requests that still wait get 408 then.
    ///
    /// - Parameter listening: called with the port once connections are accepted.
    /// - Throws: if the address cannot be listened on.
    package func run(listening: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
        var quiet = logger
        // Hummingbird tells of every connection.
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: responder, server: .http1(configuration: channelConfiguration()),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: .maximum(configuration.connectionsMax, logger: quiet)),
            onServerRunning: { [self] channel in
                let port = channel.localAddress?.port ?? 0
                bound.withLock { $0 = port }
                await listening(port)
            }, logger: quiet)
        try await application.serve(stopping: { [connections] in connections.stop() })
    }

    private func channelConfiguration() -> HTTP1Channel.Configuration {
        let bodyBytesMax = max(
            configuration.bodyBytesMax, configuration.blockBytesMax, configuration.proxyBodyBytesMax)
        return HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionGuard(
                    connections: self.connections, headerTimeout: self.configuration.headerTimeout,
                    bodyBytesMax: 2 * bodyBytesMax)
            ], idleTimeout: TimeAmount(configuration.idleTimeout))
    }
}
