import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// One HTTP listener of a relay. Plain pages, no parameters, no bodies.
struct RelayServer: Sendable {
    struct Page: Sendable {
        var status = HTTPResponse.Status.ok
        var type = "text/plain; charset=utf-8"
        var body = ""
    }

    private static let connectionsMax = 1024
    private static let idleMax = TimeAmount.seconds(10)

    let host: String
    let port: Int
    let logger: Logger
    /// By path.
    let pages: @Sendable (String) async -> Page

    /// Serves until cancelled, then shuts down gracefully.
    ///
    /// - Parameter listening: called with the port.
    func run(listening: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        var quiet = logger
        // Hummingbird tells of every connection.
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                let page = await pages(request.uri.path)
                return Response(
                    status: page.status, headers: [.contentType: page.type],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: page.body)))
            },
            server: .http1(configuration: HTTP1Channel.Configuration(idleTimeout: Self.idleMax)),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: .maximum(Self.connectionsMax, logger: quiet)),
            onServerRunning: { channel in listening(channel.localAddress?.port ?? 0) }, logger: quiet)
        var configuration = ServiceGroupConfiguration(services: [application], logger: quiet)
        configuration.maximumGracefulShutdownDuration = .seconds(2)
        let services = ServiceGroup(configuration: configuration)
        // A task of its own: NIO traps when a server is cancelled at the instant a connection arrives, so cancelling us
        // shuts it down gracefully. It never outlives this function.
        let serving = Task { try await services.run() }
        try await withTaskCancellationHandler {
            try await serving.value
        } onCancel: {
            Task { await services.triggerGracefulShutdown() }
        }
    }
}
