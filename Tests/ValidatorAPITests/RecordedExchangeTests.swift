import BeaconAPI
import NIOCore
import SSZ
import TestSupport
import Testing

@Suite("recorded exchanges", .enabled(if: Vectors.has("vapi"), "needs shared/vectors/vapi"))
struct RecordedExchangeTests {
    private static let good = RecordedExchange.all.filter { $0.id.contains(" good.") && $0.status == 200 }

    /// What Charon refuses by form alone, where we say the same.
    private static let malformed = RecordedExchange.all.filter {
        // The tests' client repairs broken escapes; see `QueryTests`.
        ($0.status == 400 || $0.status == 415) && !$0.id.contains("badescape")
    }

    @Test("the recordings are complete")
    func complete() {
        #expect(Self.good.count == 117 && Self.malformed.count == 196)
    }

    private static func replay(
        _ exchange: RecordedExchange, _ backend: StubBackend, _ server: TestServer
    ) async throws -> TestServer.Answer {
        let dropped: Set<String> = [
            // Charon has no SSZ for whoever asks for it; ours is tested elsewhere.
            "accept", "host", "connection", "content-length", "transfer-encoding", "expect",
        ]
        let headers = HeaderFields(exchange.headers.fields.filter { !dropped.contains($0.name.lowercased()) })
        return try await server.send(
            exchange.method, exchange.target, headers: headers,
            body: exchange.method == "POST" ? .bytes(ByteBuffer(bytes: exchange.body)) : nil)
    }

    @Test("what a proper validator client sends is answered as Charon answers it", arguments: good)
    func answers(exchange: RecordedExchange) async throws {
        let backend = exchange.backend
        try await TestServer.with(backend) { server in
            let answer = try await Self.replay(exchange, backend, server)
            #expect(answer.status == exchange.status, "\(answer.text.prefix(300))")
            for name in [
                "Content-Type", "Eth-Consensus-Version", "Eth-Execution-Payload-Blinded",
                "Eth-Execution-Payload-Value", "Eth-Consensus-Block-Value",
            ] {
                #expect(answer.headers[name] == exchange.answerHeaders[name], "\(name)")
            }
            // Charon's selections come in any order.
            if let rows = exchange.answer["data"]?.array {
                #expect(Set(answer.json["data"]?.array ?? []) == Set(rows))
            } else {
                #expect(answer.json == exchange.answer)
            }
            #expect(exchange.method == "GET" || exchange.target.contains("selections") || !backend.submitted.isEmpty)
        }
    }

    @Test("what is malformed is refused with Charon's status and words", arguments: malformed)
    func refusals(exchange: RecordedExchange) async throws {
        let backend = exchange.backend
        try await TestServer.with(backend) { server in
            let answer = try await Self.replay(exchange, backend, server)
            #expect(answer.status == exchange.status)
            #expect(answer.message == exchange.answer["message"]?.string)
            #expect(backend.submitted.isEmpty)
        }
    }
}
