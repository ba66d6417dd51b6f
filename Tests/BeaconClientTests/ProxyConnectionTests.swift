import BeaconAPI
import BeaconClient
import BeaconTestSupport
import Ethereum
import SSZ
import Synchronization
import TestSupport
import Testing

@Suite("Connections of passed-on requests", .timeLimit(.minutes(5)))
struct ProxyConnectionTests {
    /// Opens `all` when so many requests have come.
    private final class Arrivals: Sendable {
        let all = Gate()
        private let missing: Mutex<Int>

        init(_ count: Int) { missing = Mutex(count) }

        func count() {
            let isLast = missing.withLock { missing in
                missing -= 1
                return missing == 0
            }
            if isLast { all.open() }
        }
    }

    private static let block = FakeBeaconNode.Answer(
        headers: [
            HeaderName.contentType: MediaType.ssz, HeaderName.consensusVersion: "fulu",
            HeaderName.executionPayloadBlinded: "false",
        ], body: Array("SSZ".utf8))

    @Test(
        "however many streams, downloads or posts hang at a node, our own calls to it are answered",
        arguments: [("GET", "/eth/v1/events"), ("GET", "/eth/v2/debug/beacon/states/head"), ("POST", "/eth/v1/x")])
    func ownCalls(method: String, target: String) async throws {
        let connections = 4
        let arrivals = Arrivals(connections)
        try await FakeBeaconNode.with({ request in
            if request.target == target {
                arrivals.count()
                return .stream(["event: head\n\n"], end: Gate())
            }
            return request.method == "GET" ? Self.block : .json(#"{"data":[]}"#)
        }) { node in
            try await withClient([node.url]) {
                $0.connectionsMax = connections
                $0.proxyTimeout = .seconds(600)
            } _: { client in
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<3 * connections {
                        group.addTask {
                            let request = ProxyRequest(method: method, target: target)
                            let answer: ProxyResponse?
                            if target == "/eth/v1/events" {
                                answer = try? await client.proxyEvents(request)
                            } else {
                                answer = try? await client.proxy(request)
                            }
                            // Held open until the test is over.
                            await Gate().wait()
                            withExtendedLifetime(answer) {}
                        }
                    }
                    await arrivals.all.wait()
                    let error = await failure { () throws(BeaconError) in
                        let rows = try await client.validators(.indices([1]))
                        #expect(rows.isEmpty)
                        let wishes = BlockWishes(randao: SignatureBytes(padding: [1]), graffiti: .zero)
                        let block = try await client.produceBlock(9, wishes) { $0 }
                        #expect(block.fork == .fulu)
                    }
                    #expect(error == nil)
                    group.cancelAll()
                }
            }
        }
    }
}
