import BeaconAPI
import HTTPServing
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore

/// The beacon node that validator clients see (validator-api.md).
///
/// It listens before the node is ready, and says why it cannot answer yet. Then a request is answered by an endpoint of
/// ours (`Endpoints/`), or passed on to the beacon nodes. Every request ends within a bound, when the client leaves, or
/// when the server stops; `ValidatorAPIResponder` is the place to start.
package final class ValidatorAPIServer: Sendable {
    /// Whether a validator client is alive.
    package let activity = ValidatorClientActivity()
    private let configuration: ValidatorAPIConfiguration
    private let keys: KeyTranslation
    private let responder: ValidatorAPIResponder
    private let reception: Reception
    private let connections = Connections()
    private let logger: Logger

    /// - Parameters:
    ///   - readiness: what has to be over before the node answers, `open` aside.
    ///   - answering: called once with the port, when the node answers there.
    package init(
        configuration: ValidatorAPIConfiguration, keys: KeyTranslation, readiness: Readiness,
        answering: @escaping @Sendable (Int) -> Void = { _ in }, logger: Logger
    ) {
        self.configuration = configuration
        self.keys = keys
        self.logger = logger
        reception = Reception(
            readiness, early: Routes(endpoints: [.nodeVersion(configuration.nodeVersion)]), announce: answering)
        responder = ValidatorAPIResponder(
            reception: reception, configuration: configuration, activity: activity,
            admission: Admission(requestsMax: configuration.requestsMax),
            streams: Admission(requestsMax: configuration.eventStreamsMax),
            downloads: Admission(requestsMax: configuration.downloadsMax),
            budget: ByteBudget(bytesMax: configuration.allBodiesBytesMax),
            proxyBudget: ByteBudget(bytesMax: configuration.proxyBodiesBytesMax),
            answers: ByteBudget(bytesMax: configuration.answersBytesMax), connections: connections, logger: logger)
    }

    /// The port listened on; nil until then.
    package var port: Int? { reception.port }

    /// Requests being worked on or waiting.
    package var requestsInFlight: Int { responder.admission.count }

    /// Changes what is left to do; from any thread. Requests see it from then on.
    package func update(_ change: (inout Readiness) -> Void) { reception.update(change) }

    /// Lets requests through to the node, once nothing else is left to do.
    package func open(_ backend: any ValidatorAPIBackend) {
        let table = EndpointTable(
            backend: backend, keys: keys, nodeVersion: configuration.nodeVersion,
            selectionGrace: configuration.selectionGrace, wished: configuration.wished)
        reception.open(Routes(endpoints: table.all), backend)
    }

    /// Serves until cancelled or shut down gracefully; requests that still wait get 408 then.
    ///
    /// - Parameter listening: called with the port once connections are accepted.
    /// - Throws: if the address cannot be listened on.
    package func run(listening: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
        var quiet = logger
        // Hummingbird tells of every connection.
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: responder, server: try builder(),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: .maximum(configuration.connectionsMax, logger: quiet)),
            onServerRunning: { [reception] channel in
                let port = channel.localAddress?.port ?? 0
                reception.listen(on: port)
                await listening(port)
            }, logger: quiet)
        try await application.serve(stopping: { [connections] in connections.stop() })
    }

    private func builder() throws -> HTTPServerBuilder {
        let bodyBytesMax = max(
            configuration.bodyBytesMax, configuration.blockBytesMax, configuration.proxyBodyBytesMax)
        let plain = HTTPServerBuilder.http1(
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [
                    ConnectionGuard(
                        connections: self.connections, silenceTimeout: self.configuration.silenceTimeout,
                        headerTimeout: self.configuration.headerTimeout,
                        writeTimeout: self.configuration.writeTimeout, bodyBytesMax: 2 * bodyBytesMax)
                ], idleTimeout: TimeAmount(configuration.idleTimeout)))
        guard let tls = configuration.tls else { return plain }
        return try .tls(plain, tlsConfiguration: tls.configuration)
    }
}
