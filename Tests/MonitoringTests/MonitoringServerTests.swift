import AsyncHTTPClient
import Logging
import NIOCore
import Testing

@testable import Monitoring

@Suite(.timeLimit(.minutes(1))) struct MonitoringServerTests {
    static let pages: [String: Page.Maker] = [
        "/livez": { Page(text: "ok") }, "/debug/peers": { Page(json: "{}") },
        "/strict": {
            Page(contentType: "text/html", headers: ["content-security-policy": "default-src 'none'"], body: "")
        },
        "/broken": { Page(status: 500, text: "beacon node is down") },
    ]

    struct Answer: Equatable {
        let status: UInt
        let type: String?
        var policy: String?
        let body: String
    }

    static func ask(
        _ method: HTTPMethodName, _ path: String, fallback: Page.Maker? = nil
    ) async throws -> Answer {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = MonitoringServer(host: "127.0.0.1", port: 0, pages: pages, fallback: fallback, logger: logger)
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { bound.yield($0) } }
            defer { group.cancelAll() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
            request.method = .init(rawValue: method.rawValue)
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
            let body = try await response.body.collect(upTo: 1 << 16)
            return Answer(
                status: response.status.code, type: response.headers.first(name: "content-type"),
                policy: response.headers.first(name: "content-security-policy"), body: String(buffer: body))
        }
    }

    enum HTTPMethodName: String { case get = "GET", post = "POST" }

    @Test("serves its pages, with status and type")
    func pages() async throws {
        #expect(
            try await Self.ask(.get, "/livez") == Answer(status: 200, type: "text/plain; charset=utf-8", body: "ok"))
        #expect(
            try await Self.ask(.get, "/debug/peers?x=1") == Answer(status: 200, type: "application/json", body: "{}"))
        #expect(try await Self.ask(.get, "/broken").status == 500)
    }

    @Test("names the pages there are when asked for another")
    func unknown() async throws {
        let answer = try await Self.ask(.get, "/metrics")
        #expect(answer.status == 404)
        #expect(answer.body.contains("/debug/peers /livez"))
        #expect(try await Self.ask(.get, "/metrics", fallback: { Page(text: "all") }).body == "all")
    }

    @Test("takes nothing but GET")
    func methods() async throws { #expect(try await Self.ask(.post, "/livez").status == 405) }

    @Test("a page's own header fields go with it")
    func headers() async throws {
        let answer = try await Self.ask(.get, "/strict")
        #expect(answer.type == "text/html" && answer.policy == "default-src 'none'")
    }
}
