import SSZ
import Testing

@testable import RemoteSigner

@Suite("how remote signers say they are")
struct SignerHealthTests {
    private static let down =
        #"{"status":"DOWN","checks":[{"id":"slashing-db","status":"DOWN"},{"id":"keys","status":"UP"}]}"#

    @Test("by two pages of which some have none")
    func pages() {
        let rows: [(Int, (Int, String)?, SignerHealth)] = [
            (200, nil, .up), (200, (200, #"{"status":"UP"}"#), .up), (200, (404, ""), .up),
            (200, (503, Self.down), .unhealthy("its /healthcheck says DOWN: slashing-db")),
            (200, (503, "no JSON"), .unhealthy("its /healthcheck says DOWN")),
            (404, (200, ""), .up), (404, (404, ""), .unknown), (405, nil, .unknown),
            (500, nil, .unhealthy("status 500 of /upcheck")),
        ]
        for (upcheck, healthcheck, expected) in rows {
            let page = healthcheck.map { (status: $0.0, body: Array($0.1.utf8)) }
            #expect(SignerHealth(upcheck: upcheck, healthcheck: page) == expected)
        }
    }

    @Test("each is asked, one that is gone is out of reach, in their order")
    func asked() async throws {
        let respond: FakeSigner.Responder = { request in
            switch request.path {
            case "/upcheck": .answer(200, "OK")
            case "/healthcheck": .answer(503, Self.down)
            default: .answer(404, "")
            }
        }
        try await FakeSigner.with(respond) { signer in
            let health = try await SignerScene.run(["http://127.0.0.1:1", signer.url]) { client, _ in
                await client.health()
            }
            #expect(health.map(\.signer) == ["http://127.0.0.1:1", signer.url])
            guard case .unreachable(let why) = health[0].health else {
                Issue.record("\(health[0])")
                return
            }
            #expect(why.contains("refused"))
            #expect(health[1].health == .unhealthy("its /healthcheck says DOWN: slashing-db"))
        }
    }
}
