import BeaconAPI
import BeaconTestSupport
import Testing
import ValidatorAPI

@Suite("HTTP/1.0 and the end of connections")
struct HTTPVersionTests {
    private static let version = "/eth/v1/node/version"

    @Test("HTTP/1.0 is answered in kind, and the connection is closed")
    func old() async throws {
        try await TestServer.with { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write("GET \(Self.version) HTTP/1.0\r\n\r\n")
                let answer = try await connection.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.0 200 OK\r\n") && answer.hasSuffix("}}"))
                #expect(answer.lowercased().contains("connection: close\r\n"))
            }
        }
    }

    @Test("HTTP/1.0 with keep-alive is told that it may go on, and may")
    func oldKeepAlive() async throws {
        try await TestServer.with { server in
            try await RawConnection.with(port: server.port) { connection in
                for _ in 0..<2 {
                    try await connection.write("GET \(Self.version) HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    let answer = try await connection.read(until: "}}")
                    #expect(answer.hasPrefix("HTTP/1.0 200 OK\r\n"))
                    #expect(answer.lowercased().contains("connection: keep-alive\r\n"))
                }
            }
        }
    }

    @Test(
        "an answer that the client takes slowly is complete although the connection closes after it",
        .timeLimit(.minutes(5)), arguments: ["HTTP/1.0", "HTTP/1.1"])
    func closesAfterAll(protocolVersion: String) async throws {
        // More than the system's buffers hold.
        let bytes = 12 << 20
        try await TestServer.with(configure: { $0.nodeVersion = String(repeating: "x", count: bytes) }) { server in
            try await RawConnection.with(port: server.port, receiveBytesMax: 256 << 10) { connection in
                try await connection.write(
                    "GET \(Self.version) \(protocolVersion)\r\nHost: x\r\nConnection: close\r\n\r\n")
                let head = try await connection.read(until: "\r\n\r\n")
                #expect(head.contains(" 200 OK"))
                let rest = await connection.drop()
                #expect(head.utf8.count + rest > bytes)
            }
        }
    }

    @Test("a stream to HTTP/1.0 has no chunks, and its end is that of the connection")
    func oldStream() async throws {
        let backend = StubBackend {
            $0.proxy = { _ in
                ProxyResponse(
                    status: 200, headers: [:], body: ProxyBody(chunks: [Array("he".utf8), Array("llo".utf8)]))
            }
        }
        try await TestServer.with(backend) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                let answer = try await connection.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.0 200 OK\r\n") && answer.hasSuffix("\r\n\r\nhello"))
                #expect(answer.lowercased().contains("connection: close\r\n"))
                #expect(!answer.lowercased().contains("transfer-encoding"))
            }
        }
    }

    @Test("Connection: close is honoured and repeated, in any letter case", arguments: ["close", "Close", "x, close"])
    func close(value: String) async throws {
        try await TestServer.with { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write("GET \(Self.version) HTTP/1.1\r\nHost: x\r\nConnection: \(value)\r\n\r\n")
                let answer = try await connection.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("}}"))
                #expect(answer.lowercased().contains("connection: close\r\n"))
            }
        }
    }

    @Test("an expectation that nobody has is 417, and the connection ends because its body may never come")
    func expectation() async throws {
        try await TestServer.with { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write(
                    "POST /eth/v1/validator/duties/attester/1 HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n"
                        + "Content-Length: 2\r\n\r\n")
                let answer = try await connection.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 417 "))
            }
        }
    }

    @Test("OPTIONS of the server as a whole is answered")
    func optionsOfAll() async throws {
        try await TestServer.with { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                let answer = try await connection.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            }
        }
    }
}
