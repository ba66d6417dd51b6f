import BeaconAPI
import BeaconTestSupport
import Ethereum
import SSZ
import TestSupport
import Testing
import ValidatorAPI

@Suite("Bounds")
struct BoundTests {
    private static func data(_ slot: Int) -> String {
        "/eth/v1/validator/attestation_data?slot=\(slot)&committee_index=0"
    }

    /// A node that never decides, and tells when somebody starts to wait and when he is let go.
    private static func undecided(asked: Gate, freed: Gate) -> StubBackend {
        StubBackend {
            $0.attestationData = { _, _ in
                asked.open()
                await Gate().wait()
                freed.open()
                throw CancellationError()
            }
        }
    }

    @Test("a blocked request ends with 408 and frees the waiter")
    func timeout() async throws {
        let freed = Gate()
        try await TestServer.with(
            Self.undecided(asked: Gate(), freed: freed), configure: { $0.requestTimeout = .milliseconds(50) }
        ) { server in
            let answer = try await server.get(Self.data(1))
            #expect(answer.status == 408)
            #expect(answer.text == #"{"code":408,"message":"client cancelled request"}"#)
            #expect(freed.isOpen)
            #expect(server.server.requestsInFlight == 0)
            #expect(server.records.map(\.wasInterrupted) == [true])
        }
    }

    @Test("a request whose body does not come ends with 408")
    func slowBody() async throws {
        try await TestServer.with(configure: { $0.requestTimeout = .milliseconds(50) }) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write(
                    "POST /eth/v1/validator/duties/attester/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n[1")
                let answer = try await connection.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 408 "))
            }
        }
    }

    @Test("a client that leaves frees its waiter")
    func clientLeaves() async throws {
        let asked = Gate()
        let freed = Gate()
        try await TestServer.with(Self.undecided(asked: asked, freed: freed)) { server in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = try? await server.get(Self.data(1)) }
                await asked.wait()
                group.cancelAll()
            }
            await freed.wait()
        }
    }

    @Test("shutting down answers and frees every waiter")
    func stops() async throws {
        let asked = Gate()
        let freed = Gate()
        try await TestServer.with(Self.undecided(asked: asked, freed: freed)) { server in
            async let answer = server.get(Self.data(1))
            await asked.wait()
            server.stop()
            await freed.wait()
            let status = try await answer.status
            #expect(status == 408)
        }
    }

    @Test("more requests than the bound are 503, and there is room again afterwards")
    func overload() async throws {
        let asked = [Gate(), Gate()]
        let decided = Gate()
        let backend = StubBackend {
            $0.attestationData = { slot, _ in
                asked[Int(slot.rawValue)].open()
                await decided.wait()
                return AttestationData()
            }
        }
        try await TestServer.with(backend, configure: { $0.requestsMax = 2 }) { server in
            async let first = server.get(Self.data(0))
            async let second = server.get(Self.data(1))
            for gate in asked { await gate.wait() }
            let third = try await server.get("/eth/v1/node/version")
            #expect(third.status == 503 && third.message == "too many requests are waiting")
            decided.open()
            let status = try await first.status
            #expect(status == 200)
            let laterStatus = try await second.status
            #expect(laterStatus == 200)
            // Their places are free once their answers are written.
            var lastStatus = try await server.get("/eth/v1/node/version").status
            while lastStatus == 503 { lastStatus = try await server.get("/eth/v1/node/version").status }
            #expect(lastStatus == 200)
        }
    }

    @Test(
        "more event streams or downloads than the bound are 503, others are answered, and there is room again afterwards",
        arguments: ["/eth/v1/events?topics=head", "/eth/v2/debug/beacon/states/head"])
    func streams(target: String) async throws {
        let asked = Countdown(2)
        let gate = Gate()
        let backend = StubBackend {
            $0.proxy = { request in
                if request.target == target {
                    asked.arrive()
                    await gate.wait()
                }
                return ProxyResponse(status: 200, headers: [:], body: ProxyBody(chunks: [Array("ok".utf8)]))
            }
        }
        try await TestServer.with(
            backend,
            configure: {
                $0.eventStreamsMax = 2
                $0.downloadsMax = 2
            }
        ) { server in
            async let first = server.get(target)
            async let second = server.get(target)
            await asked.done.wait()
            let third = try await server.get(target)
            #expect(third.status == 503 && third.message?.hasPrefix("too many ") == true)
            let duty = try await server.get(Self.data(1)).status
            let post = try await server.post("/eth/v1/x", "[]").status
            #expect(duty == 200 && post == 200)
            gate.open()
            let statuses = try await [first.status, second.status]
            #expect(statuses == [200, 200])
            // Their places are free once their answers are written.
            var later = try await server.get(target)
            while later.status == 503 { later = try await server.get(target) }
            #expect(later.status == 200)
        }
    }

    @Test("hundreds of requests wait side by side")
    func many() async throws {
        let decided = Gate()
        let waiting = Countdown(300)
        let backend = StubBackend {
            $0.attestationData = { slot, committee in
                waiting.arrive()
                await decided.wait()
                var data = AttestationData()
                data.slot = slot
                return data
            }
        }
        try await TestServer.with(backend) { server in
            let client = TestServer.manyConnections()
            try await withThrowingTaskGroup(of: Int.self) { group in
                for slot in 0..<300 {
                    group.addTask { try await server.get(Self.data(slot), client: client).status }
                }
                await waiting.done.wait()
                decided.open()
                for try await status in group { #expect(status == 200) }
            }
            try await client.shutdown()
        }
    }

    @Test("a header that does not end closes the connection")
    func slowHeader() async throws {
        try await TestServer.with(configure: { $0.headerTimeout = .milliseconds(50) }) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write("GET /eth/v1/node/version HTTP/1.1\r\nHost:")
                let text = try await connection.readToEnd()
                #expect(text == "")
            }
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write("GET /eth/v1/node/version HTTP/1.1\r\nHost: x\r\n\r\n")
                let laterText = try await connection.read(until: "}}")
                #expect(laterText.contains("200 OK"))
                // The second request on the connection is bounded as the first.
                try await connection.write("G")
                let lastText = try await connection.readToEnd()
                #expect(lastText == "")
            }
        }
    }

    @Test("a silent connection is closed")
    func idle() async throws {
        try await TestServer.with(configure: { $0.idleTimeout = .milliseconds(50) }) { server in
            try await RawConnection.with(port: server.port) { connection in
                let text = try await connection.readToEnd()
                #expect(text == "")
            }
        }
    }

    @Test("a connection that never sends anything is closed, one between two requests stays")
    func silence() async throws {
        try await TestServer.with(configure: { $0.silenceTimeout = .milliseconds(300) }) { server in
            try await RawConnection.with(port: server.port) { silent in
                try await RawConnection.with(port: server.port) { busy in
                    let version = "GET /eth/v1/node/version HTTP/1.1\r\nHost: x\r\n\r\n"
                    try await busy.write(version)
                    let first = try await busy.read(until: "}}")
                    #expect(first.contains("200 OK"))
                    let nothing = try await silent.readToEnd()
                    #expect(nothing == "")
                    // As old as the silent one.
                    try await busy.write(version)
                    let second = try await busy.read(until: "}}")
                    #expect(second.contains("200 OK"))
                }
            }
        }
    }

    @Test("bodies of all requests together are bounded, and there is room again afterwards")
    func allBodies() async throws {
        let backend = StubBackend {
            $0.proxy = { request in
                ProxyResponse(
                    status: 200, headers: [:], body: ProxyBody(chunks: [Array("\(request.body.count)".utf8)]))
            }
        }
        try await TestServer.with(backend, configure: { $0.proxyBodiesBytesMax = 100_000 }) { server in
            try await RawConnection.with(port: server.port) { connection in
                let half = String(repeating: "x", count: 60_000)
                // Holds its first half until the second comes.
                try await connection.write("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n" + half)
                var refused = try await server.post("/y", half)
                // Until the half has arrived there is room.
                while refused.status == 200 { refused = try await server.post("/y", half) }
                #expect(refused.status == 503)
                #expect(refused.message == "the bodies of all requests together are too large")
                let small = try await server.post("/y", "xyz")
                #expect(small.status == 200 && small.text == "3")
                try await connection.write(String(repeating: "x", count: 30_000))
                let answer = try await connection.read(until: "90000")
                #expect(answer.hasPrefix("HTTP/1.1 200"))
            }
            let after = try await server.post("/y", String(repeating: "x", count: 90_000))
            #expect(after.status == 200 && after.text == "90000")
        }
    }

    @Test("a block is refused by its length beyond what peers can exchange, before any of it is kept")
    func largeBlock() async throws {
        try await TestServer.with { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write(
                    "POST /eth/v2/beacon/blocks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        + "Eth-Consensus-Version: fulu\r\nContent-Length: \((32 << 20) + 1)\r\n\r\n")
                let answer = try await connection.read(until: "\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 413 "))
            }
        }
    }

    @Test("Expect: 100-continue is answered before the body is sent")
    func expectContinue() async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write(
                    "POST /eth/v1/validator/duties/attester/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                        + "Expect: 100-continue\r\n\r\n")
                let text = try await connection.read(until: "\r\n\r\n")
                #expect(text.hasPrefix("HTTP/1.1 100 Continue\r\n"))
                try await connection.write("[1]")
                let laterText = try await connection.read(until: "}")
                #expect(laterText.hasPrefix("HTTP/1.1 200 OK\r\n"))
            }
            #expect(backend.asked == ["attesters 1 [1]"])
        }
    }

    @Test("several requests on one connection are answered in order")
    func keepAlive() async throws {
        try await TestServer.with { server in
            try await RawConnection.with(port: server.port) { connection in
                let version = "GET /eth/v1/node/version HTTP/1.1\r\nHost: x\r\n\r\n"
                try await connection.write(version + "GET /proposer_config HTTP/1.1\r\nHost: x\r\n\r\n" + version)
                let text = try await connection.read(until: "NotFound\"}HTTP/1.1 200 OK")
                #expect(text.hasPrefix("HTTP/1.1 200 OK"))
            }
        }
    }

    @Test(
        "nonsense ends the connection, not the server",
        arguments: [
            "\u{1}\u{2}\u{3}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            LongText("GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: 200_000) + "\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        ])
    func nonsense(bytes: LongText) async throws {
        try await TestServer.with { server in
            try await RawConnection.with(port: server.port) { connection in
                try? await connection.write(bytes.text)
                let answer = try await connection.readToEnd()
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400") || answer.hasPrefix("HTTP/1.1 500"))
            }
            let status = try await server.get("/eth/v1/node/version").status
            #expect(status == 200)
        }
    }
}
