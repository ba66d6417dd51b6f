import BeaconAPI
import HTTPServing
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import Synchronization
import TestSupport

/// A beacon node on a loopback socket that answers what the test tells it to.
package final class FakeBeaconNode: Sendable {
    package struct Answer: Sendable {
        package var status: Int
        package var headers: HeaderFields
        package var body: [UInt8]
        /// Chunks after the body, each flushed on its own.
        package var chunks: [[UInt8]]
        /// The answer ends when this opens; at once without.
        package var end: Gate?
        /// The head is sent when this opens; at once without.
        package var start: Gate?
        /// The connection is closed instead of an answer.
        package var hangsUp: Bool

        package init(
            status: Int = 200, headers: HeaderFields = [HeaderName.contentType: MediaType.json], body: [UInt8] = [],
            chunks: [[UInt8]] = [], end: Gate? = nil, start: Gate? = nil, hangsUp: Bool = false
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.chunks = chunks
            self.end = end
            self.start = start
            self.hangsUp = hangsUp
        }

        package static func json(_ text: String, status: Int = 200) -> Answer {
            Answer(status: status, body: Array(text.utf8))
        }

        /// No answer while the node lives.
        package static var silence: Answer { Answer(start: Gate()) }

        package static func stream(_ chunks: [String], end: Gate? = nil) -> Answer {
            Answer(
                headers: [HeaderName.contentType: MediaType.eventStream], chunks: chunks.map { Array($0.utf8) },
                end: end)
        }
    }

    private struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        let channel: any Channel

        init(source: ApplicationRequestContextSource) {
            coreContext = CoreRequestContextStorage(source: source)
            channel = source.channel
        }
    }

    package typealias Responder = @Sendable (ProxyRequest) async -> Answer

    private let respond: Responder
    private let seen = Mutex<[ProxyRequest]>([])
    private let boundPort = Mutex(0)
    private let listening = Gate()
    private let stopping = Gate()

    /// Bodies are not read before this opens.
    private let readsBodies: Gate?
    private let tls: TLSConfiguration?

    private init(_ respond: @escaping Responder, readsBodies: Gate?, tls: TLSConfiguration?) {
        self.respond = respond
        self.readsBodies = readsBodies
        self.tls = tls
    }

    package var requests: [ProxyRequest] { seen.withLock { $0 } }
    /// By the name that a `TestCertificate` is for.
    package var url: String {
        let port = boundPort.withLock { $0 }
        return tls == nil ? "http://127.0.0.1:\(port)" : "https://localhost:\(port)"
    }

    /// Runs a node for as long as `body` runs.
    package static func with<R: Sendable>(
        readsBodies: Gate? = nil, tls: TLSConfiguration? = nil, _ respond: @escaping Responder,
        _ body: (FakeBeaconNode) async throws -> R
    ) async throws -> R {
        let node = FakeBeaconNode(respond, readsBodies: readsBodies, tls: tls)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await node.application().serve { node.stopping.open() } }
            await node.listening.wait()
            defer { group.cancelAll() }
            return try await body(node)
        }
    }

    /// Two nodes.
    package static func with<R: Sendable>(
        _ first: @escaping Responder, _ second: @escaping Responder,
        _ body: (FakeBeaconNode, FakeBeaconNode) async throws -> R
    ) async throws -> R {
        try await with(first) { a in try await with(second) { b in try await body(a, b) } }
    }

    private static var logger: Logger {
        var logger = Logger(label: "fake beacon node")
        logger.logLevel = .critical
        return logger
    }

    private func application() throws -> some ApplicationProtocol {
        let responder = CallbackResponder<Context> { request, context in
            try await self.answer(request, context.channel)
        }
        var server = HTTPServerBuilder.http1()
        if let tls { server = try .tls(.http1(), tlsConfiguration: tls) }
        return Application(
            responder: responder, server: server, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                self.boundPort.withLock { $0 = channel.localAddress?.port ?? 0 }
                self.listening.open()
            }, logger: Self.logger)
    }

    /// Returns when the gate opens or the node stops.
    private func wait(_ gate: Gate?) async {
        guard let gate else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await gate.wait() }
            group.addTask { await self.stopping.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func answer(_ request: Request, _ channel: any Channel) async throws -> Response {
        await wait(readsBodies)
        let body = try await request.body.collect(upTo: 64 << 20)
        let headers = HeaderFields(
            request.headers.map { .init($0.name.canonicalName, $0.value) }
                + (request.head.authority.map { [.init("host", $0)] } ?? []))
        let received = ProxyRequest(
            method: request.method.rawValue, target: request.head.path ?? "", headers: headers,
            body: Array(body.readableBytesView))
        seen.withLock { $0.append(received) }
        let answer = await respond(received)
        await wait(answer.start)
        if answer.hangsUp { try? await channel.close() }
        var fields = HTTPFields()
        for field in answer.headers.fields {
            if let name = HTTPField.Name(field.name) { fields.append(HTTPField(name: name, value: field.value)) }
        }
        let status = HTTPResponse.Status(code: answer.status)
        guard !answer.chunks.isEmpty || answer.end != nil else {
            return Response(status: status, headers: fields, body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
        }
        return Response(
            status: status, headers: fields,
            body: ResponseBody { writer in
                for chunk in [answer.body] + answer.chunks where !chunk.isEmpty {
                    try await writer.write(ByteBuffer(bytes: chunk))
                }
                await self.wait(answer.end)
                try await writer.finish(nil)
            })
    }
}
