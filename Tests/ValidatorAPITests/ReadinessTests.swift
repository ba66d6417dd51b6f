import BeaconAPI
import BeaconTestSupport
import Synchronization
import TestSupport
import Testing
import ValidatorAPI

@Suite("Readiness")
struct ReadinessTests {
    @Test("the reason names all that is under way, with what is known of it")
    func reason() {
        var readiness = Readiness([.journal, .keystores, .beaconNode])
        #expect(readiness.reason == "waiting for a beacon node; opening keystores")
        readiness.note(.keystores, "12 of 100")
        readiness.note(.beaconNode, "connection refused")
        #expect(readiness.reason == "waiting for a beacon node: connection refused; opening keystores: 12 of 100")
        readiness.finish(.keystores)
        readiness.finish(.beaconNode)
        #expect(readiness.reason == "reading the journal" && !readiness.isReady)
        readiness.finish(.journal)
        #expect(readiness.isReady)
        readiness.note(.stopping)
        #expect(!readiness.isReady && readiness.reason == "the node is stopping")
    }

    @Test(
        "before the node is ready every request is 503 with the reason",
        arguments: [
            ("GET", "/eth/v1/node/health"), ("GET", "/eth/v1/node/syncing"), ("GET", "/eth/v1/config/spec"),
            ("GET", "/eth/v1/events?topics=head"), ("POST", "/eth/v1/validator/duties/attester/1"),
            ("POST", "/eth/v2/beacon/pool/attestations"), ("POST", "/eth/v1/validator/prepare_beacon_proposer"),
            ("GET", "/proposer_config"), ("GET", "/x"),
        ])
    func early(method: String, path: String) async throws {
        let backend = StubBackend()
        try await TestServer.with(backend, readiness: Readiness([.beaconNode])) { server in
            let answer = try await server.send(method, path, body: nil)
            #expect(answer.status == 503)
            #expect(answer.text == #"{"code":503,"message":"waiting for a beacon node"}"#)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(backend.asked.isEmpty)
            #expect(server.records.map(\.kind) == [.unrouted])
        }
    }

    @Test("who we are is known from the first second")
    func version() async throws {
        try await TestServer.with(readiness: Readiness([.beaconNode])) { server in
            let answer = try await server.get("/eth/v1/node/version")
            #expect(answer.status == 200)
            #expect(answer.json["data"]?["version"]?.string?.hasPrefix("obolnetwork/charon/") == true)
        }
    }

    @Test("a connection lives through the change, and is told when the node stops")
    func becomesReady() async throws {
        let backend = StubBackend {
            $0.proxy = { _ in ProxyResponse(status: 200, headers: [:], body: ProxyBody(chunks: [Array("ok".utf8)])) }
        }
        let ports = Mutex<[Int]>([])
        try await TestServer.with(
            backend, readiness: Readiness([.beaconNode]), answering: { port in ports.withLock { $0.append(port) } }
        ) { server in
            try await RawConnection.with(port: server.port) { connection in
                let health = "GET /eth/v1/node/health HTTP/1.1\r\nHost: x\r\n\r\n"
                try await connection.write(health)
                let early = try await connection.read(until: "beacon node\"}")
                #expect(early.hasPrefix("HTTP/1.1 503"))
                #expect(ports.withLock { $0 }.isEmpty)
                server.server.update { $0.finish(.beaconNode) }
                try await connection.write(health)
                // The whole of it: chunks end with an empty one.
                let ready = try await connection.read(until: "0\r\n\r\n")
                #expect(ready.hasPrefix("HTTP/1.1 200"))
                server.server.update { $0.note(.stopping) }
                try await connection.write(health)
                let late = try await connection.read(until: "stopping\"}")
                #expect(late.hasPrefix("HTTP/1.1 503"))
            }
            #expect(ports.withLock { $0 } == [server.port])
        }
    }

    @Test("a request under way when the node stops taking more is answered")
    func underWay() async throws {
        let asked = Gate()
        let decided = Gate()
        let backend = StubBackend {
            $0.proxy = { _ in
                asked.open()
                await decided.wait()
                return ProxyResponse(status: 200, headers: [:], body: ProxyBody(chunks: []))
            }
        }
        try await TestServer.with(backend) { server in
            async let answer = server.get("/eth/v1/x")
            await asked.wait()
            server.server.update { $0.note(.stopping) }
            decided.open()
            let status = try await answer.status
            #expect(status == 200)
        }
    }
}
