import BeaconAPI
import Testing

@testable import BeaconClient

@Suite("health of beacon nodes")
struct NodeHealthTests {
    private let start = ContinuousClock.now

    @Test("an outage is told when it begins and when it ends, however many calls fail")
    func onChange() {
        var health = NodeHealth()
        var told = 0
        for second in 0..<100 {
            if health.failed(0, .timeout, at: start + .seconds(second)) { told += 1 }
            if health.failed(1, .connection("refused"), at: start + .seconds(second)) { told += 1 }
        }
        #expect(told == 2)
        let outage = health.succeeded(0, at: start + .seconds(100))
        #expect(outage?.calls == 100 && outage?.formatted() == "100s")
        let again = health.succeeded(0, at: start + .seconds(101))
        let isNews = health.failed(0, .syncing, at: start + .seconds(102))
        #expect(again == nil && isNews)
    }

    @Test("a refusal is no outage")
    func refusals() {
        var health = NodeHealth()
        for cause: BeaconError.Cause in [
            .cancelled, .malformed("x"), .tooLarge(bytesMax: 1),
            .status(APIErrorBody(code: 404, message: ""), httpStatus: 404),
        ] {
            let isNews = health.failed(0, cause, at: start)
            #expect(!isNews)
        }
        let outage = health.succeeded(0, at: start)
        let gateway = BeaconError.Cause.status(APIErrorBody(code: 503, message: ""), httpStatus: 503)
        let isNews = health.failed(0, gateway, at: start)
        #expect(outage == nil && isNews)
    }

    @Test("nodes that are not used are not asked; if none is left to use, all are")
    func use() async throws {
        let answer = FakeBeaconNode.Answer.json(#"{"data":{"version":"v"}}"#)
        try await FakeBeaconNode.with({ _ in answer }, { _ in answer }) { a, b in
            try await withClient([a.url], fallbacks: [b.url]) { client in
                client.use(only: [1])
                _ = try await client.nodeVersion()
                #expect(a.requests.isEmpty && b.requests.count == 1)
                client.use(only: [])
                _ = try await client.nodeVersion()
                #expect(a.requests.count == 1)
            }
        }
    }

    @Test("a node that repeats our secrets does not get them into errors")
    func echo() async throws {
        try await FakeBeaconNode.with({ request in
            let all = ([request.target] + request.headers.fields.map { "\($0.name): \($0.value)" })
                .joined(separator: " ")
            return .json(APIErrorBody(code: 401, message: all).json().text(), status: 401)
        }) { node in
            let url = node.url.replacing("http://", with: "http://Sec-User:Sec-Pass@") + "/Sec-Path"
            try await withClient([url], configure: { $0.headers = ["X-Key": "Bearer Sec-Token"] }) { client in
                #expect(!"\(client.configuration)".contains("Sec-"))
                let error = await failure { () throws(BeaconError) in try await client.nodeVersion() }
                let text = "\(try #require(error))"
                #expect(text.contains("/eth/v1/node/version") && text.lowercased().contains("x-key"), "\(text)")
                for secret in ["Sec-", "U2VjLVVzZXI6U2VjLVBhc3M="] { #expect(!text.contains(secret), "\(text)") }
            }
        }
    }
}
