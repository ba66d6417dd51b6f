import BeaconAPI
import BeaconTestSupport
import SSZ
import TestSupport
import Testing

/// Duties, validators, what is passed on, and HTTP itself, byte for byte as recorded.
@Suite("recorded traffic", .enabled(if: Vectors.has("vapi"), "needs shared/vectors/vapi"))
struct RecordedTrafficTests {
    /// Members and kinds, without values; lists by their first element.
    private static func shape(_ json: JSONValue) -> String {
        switch json {
        case .object(let object):
            "{" + object.members.map { "\($0.name):\(shape($0.value))" }.sorted().joined(separator: ",") + "}"
        case .array(let items): "[" + (items.first.map(shape) ?? "") + "]"
        case .string: "text"
        case .number: "number"
        case .bool: "bool"
        case .null: "null"
        }
    }

    @Test("the recordings are complete")
    func complete() {
        #expect(RecordedTraffic.all.count == 594)
    }

    @Test("each difference concerns something that was recorded")
    func named() {
        let ids = Set(RecordedTraffic.all.map(\.plainID))
        for difference in RecordedDifference.all {
            for id in difference.ids { #expect(ids.contains(id), "\(id): \(difference.why)") }
        }
        let all = RecordedDifference.all.flatMap(\.ids)
        #expect(Set(all).count == all.count)
    }

    @Test(
        "what a client sends is answered as Charon answers it, but for differences that are named",
        arguments: RecordedTraffic.all)
    func replay(traffic: RecordedTraffic) async throws {
        let expected = RecordedDifference.expected(traffic)
        let backend = traffic.backend
        try await TestServer.with(
            backend, keys: traffic.keys,
            configure: {
                $0.headerTimeout = .milliseconds(traffic.id.contains("slow_header") ? 200 : 60_000)
                $0.silenceTimeout = .seconds(60)
            }
        ) { server in
            try await RawConnection.with(port: server.port) { connection in
                try await connection.write(traffic.request)
                let answer = RawAnswer(try await connection.readToEnd())
                #expect(answer?.status == expected.status, "\(answer?.body.prefix(300) ?? "")")
                guard let answer, !expected.isNamed else { return }
                #expect(answer.headers["content-type"] == traffic.answerHeaders["content-type"])
                let (json, recorded) = (try? JSONValue(parsing: answer.body), try? JSONValue(parsing: traffic.body))
                if let recorded, answer.status == 200 {
                    #expect(json.map(Self.shape) == Self.shape(recorded))
                } else {
                    #expect(json?["message"] == recorded?["message"])
                }
            }
        }
    }
}
