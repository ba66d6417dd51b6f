import HTTPServing
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import SSZ
import Synchronization
import TestSupport
import Testing

/// A service on a loopback socket that answers what the test tells it to.
final class FakeServer: Sendable {
    struct Call: Sendable {
        let method: String
        /// Path and query.
        let target: String
        let authorization: String?
        let contentType: String?
        let body: [UInt8]

        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
    }

    struct Answer: Sendable, CustomTestStringConvertible {
        var status = 200
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        /// Never answers while the server lives.
        var isSilent = false

        var testDescription: String { "status \(status), \(body.count) bytes" }

        static func status(_ status: Int, _ text: String = "") -> Answer {
            Answer(status: status, body: Array(text.utf8))
        }
        static func json(_ value: JSONValue) -> Answer { Answer(body: value.bytes()) }
        static var silence: Answer { Answer(isSilent: true) }
        static func redirect(_ location: String) -> Answer { Answer(status: 302, headers: [("location", location)]) }
    }

    typealias Responder = @Sendable (Call) -> Answer

    private let respond: Responder
    private let seen = Mutex<[Call]>([])
    private let boundPort = Mutex(0)
    private let listening = Gate()
    private let stopping = Gate()

    private init(_ respond: @escaping Responder) { self.respond = respond }

    var calls: [Call] { seen.withLock { $0 } }
    var authority: String { "127.0.0.1:\(boundPort.withLock { $0 })" }
    var url: String { "http://\(authority)" }

    /// Runs a server for as long as `body` runs.
    static func with<R: Sendable>(
        _ respond: @escaping Responder, _ body: (FakeServer) async throws -> R
    ) async throws -> R {
        let server = FakeServer(respond)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.application().serve { server.stopping.open() } }
            await server.listening.wait()
            defer { group.cancelAll() }
            return try await body(server)
        }
    }

    private static var logger: Logger {
        var logger = Logger(label: "fake server")
        logger.logLevel = .critical
        return logger
    }

    private func application() -> some ApplicationProtocol {
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            let body = try await request.body.collect(upTo: 64 << 20)
            let call = Call(
                method: request.method.rawValue, target: request.head.path ?? "",
                authorization: request.headers[.authorization], contentType: request.headers[.contentType],
                body: Array(body.readableBytesView))
            self.seen.withLock { $0.append(call) }
            let answer = self.respond(call)
            if answer.isSilent { await self.stopping.wait() }
            var fields = HTTPFields()
            for (name, value) in answer.headers {
                if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
            }
            return Response(
                status: HTTPResponse.Status(code: answer.status), headers: fields,
                body: .init(byteBuffer: ByteBuffer(bytes: answer.body)))
        }
        return Application(
            responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                self.boundPort.withLock { $0 = channel.localAddress?.port ?? 0 }
                self.listening.open()
            }, logger: Self.logger)
    }
}

/// Nothing listens here.
let deadURL = "http://127.0.0.1:1"
