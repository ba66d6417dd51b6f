import BLS
import Ethereum
import HTTPServing
import Hummingbird
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import SSZ
import Synchronization
import TestSupport

/// A remote signer on a loopback socket that does what the test tells it to.
final class FakeSigner: Sendable {
    enum Reaction: Sendable {
        case answer(Int, String)
        /// No answer while the signer lives.
        case silence
        /// A body without end.
        case endless
        /// The connection is closed instead of an answer.
        case hangsUp
    }

    struct Request: Sendable {
        let path: String
        let authorization: String?
        let accept: String?
        let body: JSONValue?

        /// Of the key that is to sign; nil for other requests.
        var key: String? { path.hasPrefix(Self.prefix) ? String(path.dropFirst(Self.prefix.count)) : nil }
        var isList: Bool { path == "/api/v1/eth2/publicKeys" }
        private static let prefix = "/api/v1/eth2/sign/"
    }

    private struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        let channel: any Channel

        init(source: ApplicationRequestContextSource) {
            coreContext = CoreRequestContextStorage(source: source)
            channel = source.channel
        }
    }

    typealias Responder = @Sendable (Request) -> Reaction

    private let respond: Responder
    private let tls: TLSConfiguration?
    private let seen = Mutex<[Request]>([])
    private let boundPort = Mutex(0)
    private let listening = Gate()
    private let stopping = Gate()

    private init(_ tls: TLSConfiguration?, _ respond: @escaping Responder) {
        self.respond = respond
        self.tls = tls
    }

    var requests: [Request] { seen.withLock { $0 } }
    /// Requests for signatures.
    var signings: [Request] { requests.filter { $0.key != nil } }
    var authority: String { "\(tls == nil ? "127.0.0.1" : "localhost"):\(boundPort.withLock { $0 })" }
    var url: String { "\(tls == nil ? "http" : "https")://\(authority)" }

    /// Runs a signer for as long as `body` runs.
    static func with<R: Sendable>(
        tls: TLSConfiguration? = nil, _ respond: @escaping Responder, _ body: (FakeSigner) async throws -> R
    ) async throws -> R {
        let signer = FakeSigner(tls, respond)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await signer.serve() }
            await signer.listening.wait()
            defer { group.cancelAll() }
            return try await body(signer)
        }
    }

    /// Lists its keys and signs as it should, whatever `instead` does not want otherwise.
    static func signing(
        with keys: [SecretKey], instead: @escaping @Sendable (Request) -> Reaction? = { _ in nil }
    ) -> Responder {
        let byName = Dictionary(uniqueKeysWithValues: keys.map { ($0.publicKey.bytes.hex, $0) })
        return { request in
            if let reaction = instead(request) { return reaction }
            if request.isList { return list(keys.map(\.publicKey.bytes)) }
            guard let key = request.key.flatMap({ byName[$0] }) else { return .answer(404, "") }
            guard let root = request.body?["signingRoot"]?.string.flatMap({ try? Root(hex: $0) }) else {
                return .answer(400, "no root")
            }
            return .answer(200, signature(key, root))
        }
    }

    static func list(_ keys: [PubShare]) -> Reaction {
        .answer(200, JSONValue.array(keys.map { .string($0.hex) }).text())
    }

    static func signature(_ key: SecretKey, _ root: Root) -> String {
        JSONValue.object(JSONObject([("signature", .string(key.sign(root).bytes.hex))])).text()
    }

    private func serve() async throws {
        var logger = Logger(label: "fake signer")
        logger.logLevel = .critical
        let responder = CallbackResponder<Context> { request, context in
            try await self.answer(request, context.channel)
        }
        let address = ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0))
        let running: @Sendable (any Channel) async -> Void = { channel in
            self.boundPort.withLock { $0 = channel.localAddress?.port ?? 0 }
            self.listening.open()
        }
        if let tls {
            try await Application(
                responder: responder, server: .tls(.http1(), tlsConfiguration: tls), configuration: address,
                onServerRunning: running, logger: logger
            ).serve { self.stopping.open() }
        } else {
            try await Application(
                responder: responder, configuration: address, onServerRunning: running, logger: logger
            ).serve { self.stopping.open() }
        }
    }

    private func answer(_ request: Hummingbird.Request, _ channel: any Channel) async throws -> Response {
        let body = try await request.body.collect(upTo: 1 << 20)
        let received = Request(
            path: request.head.path ?? "", authorization: request.headers[.authorization],
            accept: request.headers[.accept], body: try? JSONValue(parsing: body.readableBytesView))
        seen.withLock { $0.append(received) }
        switch respond(received) {
        case .answer(let status, let text):
            return Response(status: .init(code: status), body: .init(byteBuffer: ByteBuffer(string: text)))
        case .silence:
            await stopping.wait()
            return Response(status: .ok)
        case .hangsUp:
            try? await channel.close()
            return Response(status: .ok)
        case .endless:
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    let chunk = ByteBuffer(repeating: UInt8(ascii: " "), count: 16 << 10)
                    while !Task.isCancelled, !self.stopping.isOpen { try await writer.write(chunk) }
                    try await writer.finish(nil)
                })
        }
    }
}
