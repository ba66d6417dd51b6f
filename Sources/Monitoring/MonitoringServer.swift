import HTTPServing
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Read-only pages about this process, over plain HTTP and without authentication: bind it where only operators are.
///
/// Everything is bounded: connections, a request's head, and the time from one answer to the next. Bodies are not read.
package struct MonitoringServer: Sendable {
    /// All header fields of a request; scrapers send some hundred bytes.
    private static let headBytesMax = 16 << 10

    private let host: String
    private let port: Int
    private let pages: [String: Page.Maker]
    private let fallback: Page.Maker?
    private let connectionsMax: Int
    private let answerTimeout: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - host: an IP address.
    ///   - port: 0 lets the system choose.
    ///   - pages: by path, e.g. `/livez`.
    ///   - fallback: answers all other paths; 404 without it.
    ///   - connectionsMax: at once; scrapers and people are few. Others wait until one closes.
    ///   - answerTimeout: from a connection, or from an answer's end, to the next answer's end; then it is closed. The
    ///     time that scrapers wait usually.
    package init(
        host: String, port: Int, pages: [String: Page.Maker], fallback: Page.Maker? = nil, connectionsMax: Int = 64,
        answerTimeout: Duration = .seconds(10), logger: Logger
    ) {
        self.host = host
        self.port = port
        self.pages = pages
        self.fallback = fallback
        self.connectionsMax = connectionsMax
        self.answerTimeout = answerTimeout
        self.logger = logger
    }

    /// Serves until cancelled or shut down gracefully.
    ///
    /// - Parameter listening: called with the port once connections are accepted.
    /// - Throws: if the address cannot be listened on.
    package func run(listening: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
        var quiet = logger
        // Hummingbird tells of every connection.
        quiet.logLevel = max(logger.logLevel, .warning)
        let timeout = TimeAmount(answerTimeout)
        let application = Application(
            responder: Responder(pages: pages, fallback: fallback),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [AnswerDeadline(timeout)],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: Self.headBytesMax, maxHeaderListSize: Self.headBytesMax,
                        maxHeaderFieldCount: 100))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: .maximum(connectionsMax, logger: quiet)),
            onServerRunning: { channel in await listening(channel.localAddress?.port ?? 0) }, logger: quiet)
        try await application.serve()
    }

    private struct Responder: HTTPResponder {
        let pages: [String: Page.Maker]
        let fallback: Page.Maker?

        func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
            guard request.method == .get || request.method == .head else {
                return Page(status: 405, text: "only GET is served here\n").response
            }
            guard let make = pages[request.uri.path] ?? fallback else {
                let known = pages.keys.sorted().joined(separator: " ")
                return Page(status: 404, text: "no such page; there are: \(known)\n").response
            }
            return await make().response
        }
    }
}

extension Page {
    fileprivate var response: Response {
        var fields: HTTPFields = [.contentType: contentType, .cacheControl: "no-store"]
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return Response(
            status: .init(code: status), headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }
}
