import BeaconTestSupport
import Logging
import Synchronization
import Testing

@testable import Monitoring

/// What strangers can do to the monitoring pages.
@Suite("bounds of the monitoring pages", .timeLimit(.minutes(2)))
struct MonitoringBoundTests {
    private static func serve(
        connectionsMax: Int = 64, answerTimeout: Duration = .seconds(100), _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let count = Mutex(0)
        let pages: [String: Page.Maker] = [
            "/livez": { Page(text: "ok") },
            "/count": {
                count.withLock { $0 += 1 }
                return Page(text: "\(count.withLock { $0 })")
            },
        ]
        let server = MonitoringServer(
            host: "127.0.0.1", port: 0, pages: pages, connectionsMax: connectionsMax,
            answerTimeout: answerTimeout, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { bound.yield($0) } }
            let port = try #require(await ports.first { _ in true })
            try await body(port)
            group.cancelAll()
        }
    }

    private static let live = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test(
        "whoever is silent, or does not come to the end of a request, is closed",
        arguments: [
            "", "GET /livez HTTP/1.1\r\nHost:", "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n[",
            "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        ])
    func slow(request: String) async throws {
        try await Self.serve(answerTimeout: .milliseconds(200)) { port in
            try await RawConnection.with(port: port) { connection in
                if !request.isEmpty { try await connection.write(request) }
                let text = try await connection.readToEnd()
                // A body is not waited for.
                #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 405") || text.hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test("a connection serves one request after the other")
    func kept() async throws {
        try await Self.serve { port in
            try await RawConnection.with(port: port) { connection in
                for _ in 0..<3 {
                    try await connection.write(Self.live)
                    #expect(try await connection.read(until: "\r\n\r\nok").hasPrefix("HTTP/1.1 200"))
                }
            }
        }
    }

    @Test(
        "a head that is too large is refused",
        arguments: [
            "GET /livez HTTP/1.1\r\nHost: x\r\nX: " + String(repeating: "a", count: 20 << 10) + "\r\n\r\n",
            "GET /" + String(repeating: "a", count: 200 << 10) + " HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /livez HTTP/1.1\r\nHost: x\r\n" + String(repeating: "X: y\r\n", count: 200) + "\r\n",
        ])
    func head(request: String) async throws {
        try await Self.serve { port in
            try await RawConnection.with(port: port) { connection in
                try? await connection.write(request)
                let text = try await connection.readToEnd()
                #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 4"), "\(text)")
            }
        }
    }

    @Test("more connections than there may be wait until one closes")
    func connections() async throws {
        try await Self.serve(connectionsMax: 1) { port in
            func ask(_ more: String = "") -> String { "GET /count HTTP/1.1\r\nHost: x\r\n\(more)\r\n" }
            try await RawConnection.with(port: port) { first in
                try await first.write(ask())
                #expect(try await first.read(until: "\r\n\r\n1").hasSuffix("\r\n\r\n1"))
                try await RawConnection.with(port: port) { second in
                    try await second.write(ask())
                    // Asked later, answered first, and often enough for another one's turn to come if there were one.
                    for number in 2...200 {
                        try await first.write(ask())
                        let end = "\r\n\r\n\(number)"
                        #expect(try await first.read(until: end).hasSuffix(end))
                    }
                    try await first.write(ask("Connection: close\r\n"))
                    #expect(try await first.readToEnd().hasSuffix("\r\n\r\n201"))
                    #expect(try await second.read(until: "\r\n\r\n202").hasSuffix("\r\n\r\n202"))
                }
            }
        }
    }
}
