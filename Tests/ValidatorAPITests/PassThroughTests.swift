import BeaconAPI
import BeaconTestSupport
import Ethereum
import NIOCore
import SSZ
import Synchronization
import TestSupport
import Testing
import ValidatorAPI

@Suite("Passing through")
struct PassThroughTests {
    /// Chunks, with a gate before the last one. Tells when nobody reads it any more.
    private struct GatedBody: AsyncSequence, Sendable {
        typealias Element = [UInt8]
        typealias Failure = any Error
        let chunks: [String]
        let gate: Gate
        let dropped: Gate

        func makeAsyncIterator() -> Iterator { Iterator(body: self) }

        final class Iterator: AsyncIteratorProtocol {
            private let body: GatedBody
            private var position = 0

            init(body: GatedBody) {
                self.body = body
            }

            deinit {
                body.dropped.open()
            }

            func next() async throws -> [UInt8]? {
                if position == body.chunks.count - 1 { await body.gate.wait() }
                try Task.checkCancellation()
                guard position < body.chunks.count else { return nil }
                defer { position += 1 }
                return Array(body.chunks[position].utf8)
            }
        }
    }

    private static func backend(
        _ answer: @escaping @Sendable (ProxyRequest) -> ProxyResponse
    ) -> StubBackend {
        StubBackend { $0.proxy = { answer($0) } }
    }

    private static func response(
        _ status: Int, _ headers: HeaderFields = [:], _ chunks: [String] = []
    ) -> ProxyResponse {
        ProxyResponse(status: status, headers: headers, body: ProxyBody(chunks: chunks.map { Array($0.utf8) }))
    }

    @Test(
        "everything that is not ours goes to the beacon nodes",
        arguments: [
            ("GET", "/eth/v1/config/spec"), ("GET", "/eth/v1/beacon/genesis"), ("GET", "/eth/v2/node/version"),
            ("GET", "/eth/v1/beacon/blocks/head/root"), ("GET", "/eth/v2/beacon/blocks/head"),
            ("POST", "/eth/v1/validator/beacon_committee_subscriptions"), ("POST", "/eth/v1/validator/liveness/7"),
            ("POST", "/eth/v1/beacon/states/head/validator_balances"), ("GET", "/lighthouse/syncing"),
            ("POST", "/eth/v1/beacon/pool/attester_slashings"), ("GET", "/eth/v1/beacon/pool/voluntary_exits"),
            ("POST", "/eth/v1/node/version"), ("GET", "/x?a=b&c=%20"), ("GET", "/"), ("POST", "/eth/v1/events"),
            ("GET", "/eth/v1/validator/duties/attester/1"), ("GET", "/eth/v1/node/peers/16Uiu2/"),
            ("GET", "/eth/v1/a%20b/%C3%A4%25?q=%25"),
        ])
    func forwarded(method: String, target: String) async throws {
        let backend = Self.backend { _ in Self.response(200, [:], ["ok"]) }
        try await TestServer.with(backend) { server in
            let answer = try await server.send(method, target, body: nil)
            #expect(answer.status == 200 && answer.text == "ok")
            #expect(backend.asked == ["proxy \(method) \(target)"])
        }
    }

    @Test("requests and answers come through as they are", arguments: [200, 202, 206, 400, 404, 415, 500, 503])
    func transparent(status: Int) async throws {
        let seen = Mutex<ProxyRequest?>(nil)
        let backend = StubBackend {
            $0.proxy = { request in
                seen.withLock { $0 = request }
                return Self.response(
                    status, ["Content-Type": "application/x", "X-Answer": "1", "Transfer-Encoding": "chunked"],
                    ["hel", "lo"])
            }
        }
        try await TestServer.with(backend) { server in
            let answer = try await server.post(
                "/eth/v1/validator/beacon_committee_subscriptions?q=%20", "body", contentType: "text/odd",
                headers: ["X-Question": "2", "Accept": "application/octet-stream"])
            #expect(answer.status == status && answer.text == "hello")
            #expect(answer.headers["content-type"] == "application/x")
            #expect(answer.headers["x-answer"] == "1")
            let request = try #require(seen.withLock { $0 })
            #expect(request.method == "POST" && request.body == Array("body".utf8))
            #expect(request.target == "/eth/v1/validator/beacon_committee_subscriptions?q=%20")
            #expect(request.headers["content-type"] == "text/odd" && request.headers["x-question"] == "2")
            #expect(request.headers["accept"] == "application/octet-stream")
        }
    }

    @Test("answers without body have none", arguments: [("HEAD", 200), ("GET", 204), ("GET", 304)])
    func bodiless(method: String, status: Int) async throws {
        let backend = Self.backend { _ in Self.response(status, ["X-Answer": "1"], []) }
        try await TestServer.with(backend) { server in
            let answer = try await server.send(method, "/eth/v1/x", body: nil)
            #expect(answer.status == status && answer.text.isEmpty && answer.headers["x-answer"] == "1")
            let status = try await server.get("/eth/v1/node/version").status
            #expect(status == 200)
        }
    }

    @Test("large bodies come through in both directions")
    func large() async throws {
        let chunk = String(repeating: "x", count: 1 << 20)
        let backend = Self.backend { request in
            Self.response(200, ["X-Length": String(request.body.count)], Array(repeating: chunk, count: 20))
        }
        try await TestServer.with(backend, configure: { $0.proxyBodyBytesMax = 8 << 20 }) { server in
            let body = ByteBuffer(repeating: 7, count: 5 << 20)
            let answer = try await server.send(
                "POST", "/x", body: .bytes(body.readableBytesView, length: .unknown))
            #expect(answer.headers["x-length"] == String(5 << 20))
            #expect(answer.text.utf8.count == 20 << 20)
            let tooLarge = try await server.send(
                "POST", "/x", body: .bytes(ByteBuffer(repeating: 7, count: (8 << 20) + 1)))
            #expect(tooLarge.status == 413)
        }
    }

    @Test("a chunk of an event stream arrives while the stream is open; the time bound does not end it")
    func events() async throws {
        let gate = Gate()
        let backend = Self.backend { _ in
            ProxyResponse(
                status: 200, headers: ["Content-Type": "text/event-stream"],
                body: GatedBody(chunks: ["event: head\n\n", "event: block\n\n"], gate: gate, dropped: Gate()))
        }
        try await TestServer.with(backend, configure: { $0.requestTimeout = .milliseconds(20) }) { server in
            let response = try await server.open("GET", "/eth/v1/events?topics=head,block")
            #expect(response.headers["content-type"] == ["text/event-stream"])
            var text = ""
            for try await chunk in response.body {
                text += String(buffer: chunk)
                gate.open()
            }
            #expect(text == "event: head\n\nevent: block\n\n")
            #expect(backend.asked == ["events /eth/v1/events?topics=head,block"])
        }
    }

    @Test("a reader that leaves ends the stream at the beacon node, although nothing comes from there")
    func readerLeaves() async throws {
        let dropped = Gate()
        let backend = Self.backend { _ in
            ProxyResponse(
                status: 200, headers: ["Content-Type": "text/event-stream"],
                body: GatedBody(chunks: ["event: head\n\n", "never"], gate: Gate(), dropped: dropped))
        }
        try await TestServer.with(backend) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write("GET /eth/v1/events?topics=head HTTP/1.1\r\nHost: x\r\n\r\n")
                let text = try await connection.read(until: "head")
                #expect(text.contains("event: head"))
            }
            await dropped.wait()
        }
    }

    @Test("shutting down ends open event streams")
    func streamStops() async throws {
        let dropped = Gate()
        let backend = Self.backend { _ in
            ProxyResponse(
                status: 200, headers: [:],
                body: GatedBody(chunks: ["event: head\n\n", "never"], gate: Gate(), dropped: dropped))
        }
        try await TestServer.with(backend) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write("GET /eth/v1/events?topics=head HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try await connection.read(until: "head")
                server.stop()
                await dropped.wait()
                _ = try await connection.readToEnd()
            }
        }
    }

    @Test("a node that does not answer in time is 408, one that cannot be reached 503")
    func failures() async throws {
        let backend = StubBackend {
            $0.proxy = { request in
                if request.target == "/silent" { await Gate().wait() }
                throw BeaconError(endpoint: "proxy", node: "", cause: .connection("refused"))
            }
        }
        try await TestServer.with(backend, configure: { $0.requestTimeout = .milliseconds(50) }) { server in
            let silent = try await server.get("/silent")
            #expect(silent.status == 408 && silent.message == "client cancelled request")
        }
        try await TestServer.with(backend) { server in
            let dead = try await server.get("/dead")
            #expect(dead.status == 503 && dead.message == "no beacon node can be reached")
        }
    }

    @Test("a target with a host is taken for its path: nobody else is asked")
    func absoluteTarget() async throws {
        let backend = Self.backend { _ in Self.response(200, [:], ["ok"]) }
        try await TestServer.with(backend) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write("GET http://elsewhere/x?y=1 HTTP/1.1\r\nHost: x\r\n\r\n")
                let text = try await connection.read(until: "ok")
                #expect(text.hasPrefix("HTTP/1.1 200"))
            }
            #expect(backend.asked == ["proxy GET /x?y=1"])
        }
    }
}
