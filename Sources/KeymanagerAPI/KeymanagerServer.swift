import HTTPServing
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ValidatorAPI

/// Where the keymanager API listens, who may use it, and its bounds.
package struct KeymanagerConfiguration: Sendable {
    /// An IP address.
    package var host: String
    /// 0 takes any free port.
    package var port: Int
    package var token: BearerToken
    /// Plain HTTP without.
    package var tls: TLSIdentity?
    /// At once; more are answered with 503.
    package var requestsMax = 8
    package var connectionsMax = 32
    /// From the first byte of a request to the end of its header.
    package var headerTimeout: Duration = .seconds(5)
    /// From the connection to the first byte of the first request.
    package var silenceTimeout: Duration = .seconds(10)
    package var bodyTimeout: Duration = .seconds(60)
    package var idleTimeout: Duration = .seconds(60)

    package init(host: String, port: Int, token: BearerToken, tls: TLSIdentity? = nil) {
        self.host = host
        self.port = port
        self.token = token
        self.tls = tls
    }
}

/// The keymanager API (ethereum/keymanager-APIs) over this operator's key shares.
///
/// Listens before the node can do anything, and says so with 503. `KeymanagerResponder` is the place to start.
package final class KeymanagerServer: Sendable {
    /// How long requests under way may take once the server stops.
    private static let patience = Duration.seconds(5)

    private let configuration: KeymanagerConfiguration
    private let reception: KeymanagerReception
    private let connections = Connections()
    private let logger: Logger

    package init(_ configuration: KeymanagerConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        reception = KeymanagerReception(requestsMax: configuration.requestsMax)
    }

    /// From any thread.
    package func open(_ backend: any KeymanagerBackend) { reception.open(backend) }

    /// - Parameter reason: for clients.
    package func close(_ reason: String) { reception.close(reason) }

    /// Serves until cancelled or shut down gracefully.
    ///
    /// - Parameter listening: called with the port once connections are accepted.
    /// - Throws: if the address cannot be listened on.
    package func run(listening: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
        var quiet = logger
        // Hummingbird tells of every connection.
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: KeymanagerResponder(
                token: configuration.token, reception: reception, bodyTimeout: configuration.bodyTimeout,
                logger: logger),
            server: try builder(),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: .maximum(configuration.connectionsMax, logger: quiet)),
            onServerRunning: { channel in await listening(channel.localAddress?.port ?? 0) }, logger: quiet)
        try await application.serve(patience: Self.patience, stopping: { [connections] in connections.stop() })
    }

    private func builder() throws -> HTTPServerBuilder {
        let plain = HTTPServerBuilder.http1(
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [
                    self.connections.watcher(
                        silenceTimeout: self.configuration.silenceTimeout,
                        headerTimeout: self.configuration.headerTimeout, bodyBytesMax: 2 * RequestBounds.bodyBytesMax)
                ], idleTimeout: TimeAmount(configuration.idleTimeout)))
        guard let tls = configuration.tls else { return plain }
        return try .tls(plain, tlsConfiguration: tls.configuration)
    }
}
