import BeaconAPI
import BeaconTestSupport
import TestSupport
import Testing
import ValidatorAPI

/// More than the system's buffers hold, so that an answer that nobody reads stays in the server's hands.
@Suite("Answers that nobody reads", .timeLimit(.minutes(10)))
struct AnswerBoundTests {
    private static let large = "/eth/v1/node/version"
    private static let largeBytes = 12 << 20
    private static let small = "/eth/v1/validator/attestation_data?slot=1&committee_index=0"
    private static let request = "GET \(large) HTTP/1.1\r\nHost: x\r\n\r\n"

    private static func configure(_ configuration: inout ValidatorAPIConfiguration) {
        configuration.nodeVersion = String(repeating: "x", count: largeBytes)
        // Two of them.
        configuration.answersBytesMax = 30 << 20
    }

    private static let receiveBytesMax = 256 << 10

    /// Has asked, and got the answer's head. Tells how many bytes are to come.
    private static func stalled(
        _ server: TestServer, _ body: (inout RawConnection, Int) async throws -> Void
    ) async throws {
        try await RawConnection.with(port: server.port, receiveBytesMax: receiveBytesMax) { connection in
            try await connection.write(request)
            let head = try await connection.read(until: "\r\n\r\n")
            let answer = try #require(RawAnswer(head))
            #expect(answer.status == 200)
            let length = try #require(answer.headers["content-length"].flatMap { Int($0) })
            try await body(&connection, length - answer.body.utf8.count)
        }
    }

    @Test("answers that clients do not read are bounded together, small ones come, and there is room again afterwards")
    func together() async throws {
        try await TestServer.with(configure: Self.configure) { server in
            try await Self.stalled(server) { first, missing in
                try await Self.stalled(server) { _, _ in
                    let third = try await server.get(Self.large)
                    #expect(third.status == 503)
                    #expect(third.message == "the answers that clients have not read yet are too large together")
                    let duty = try await server.get(Self.small).status
                    #expect(duty == 200)
                    // A read one makes room.
                    let rest = await first.drop(missing)
                    #expect(rest == missing)
                    var later = try await server.get(Self.large)
                    while later.status == 503 { later = try await server.get(Self.large) }
                    #expect(later.status == 200 && later.text.utf8.count > Self.largeBytes)
                }
            }
            // One that was never read does so when its connection ends.
            for _ in 0..<2 {
                var later = try await server.get(Self.large)
                while later.status == 503 { later = try await server.get(Self.large) }
                #expect(later.status == 200)
            }
        }
    }

    @Test("a client that takes nothing of its answer loses its connection, and others get its room")
    func standsStill() async throws {
        try await TestServer.with(configure: {
            Self.configure(&$0)
            $0.answersBytesMax = 20 << 20
            $0.writeTimeout = .seconds(3)
        }) { server in
            try await Self.stalled(server) { _, _ in
                // This one may be cut off as well, on a busy machine.
                var later = try? await server.get(Self.large)
                while later?.status != 200 { later = try? await server.get(Self.large) }
                #expect(later?.text.utf8.count ?? 0 > Self.largeBytes)
            }
        }
    }
}
