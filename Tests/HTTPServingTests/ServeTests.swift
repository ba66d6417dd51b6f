import AsyncHTTPClient
import HTTPServing
import Hummingbird
import Logging
import NIOCore
import TestSupport
import Testing

@Suite("Serving HTTP", .timeLimit(.minutes(5)))
struct ServeTests {
    /// A server whose only answer waits for `answering`.
    private static func application(
        answering: Gate, asked: Gate, listening: AsyncStream<Int>.Continuation
    ) -> some ApplicationProtocol {
        let responder = CallbackResponder<BasicRequestContext> { _, _ in
            asked.open()
            await answering.wait()
            return Response(status: .ok)
        }
        return Application(
            responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { listening.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("ends when cancelled, after it let go of requests that wait")
    func cancelled() async throws {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let answering = Gate()
        let asked = Gate()
        let application = Self.application(answering: answering, asked: asked, listening: listening)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.serve { answering.open() } }
            let port = try #require(await ports.first { _ in true })
            async let answer = HTTPClient.shared.execute(
                HTTPClientRequest(url: "http://127.0.0.1:\(port)/"), timeout: .seconds(240))
            await asked.wait()
            group.cancelAll()
            #expect(try await answer.status == .ok)
            try await group.waitForAll()
        }
    }

    @Test("tells when the address cannot be listened on")
    func taken() async throws {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let application = Self.application(answering: Gate(), asked: Gate(), listening: listening)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.serve() }
            let port = try #require(await ports.first { _ in true })
            let second = Application(
                responder: CallbackResponder<BasicRequestContext> { _, _ in Response(status: .ok) },
                configuration: .init(address: .hostname("127.0.0.1", port: port)),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            await #expect(throws: (any Error).self) { try await second.serve() }
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
