import BeaconAPI
import BeaconClient
import BeaconTestSupport
import TestSupport
import Testing

@Suite("Passing requests on", .timeLimit(.minutes(5)))
struct ProxyTests {
    private static func collect(_ response: ProxyResponse) async throws -> String {
        var bytes: [UInt8] = []
        for try await chunk in response.body { bytes += chunk }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("status, header fields and body come through, whatever the status", arguments: [200, 206, 400, 404, 500])
    func transparent(status: Int) async throws {
        let answer = FakeBeaconNode.Answer(
            status: status,
            headers: ["Content-Type": "text/x", "X-Answer": "1", "Keep-Alive": "5", "Eth-Consensus-Version": "fulu"],
            body: Array("hello".utf8))
        try await FakeBeaconNode.with({ _ in answer }) { node in
            try await withClient([node.url]) { client in
                let request = ProxyRequest(
                    method: "GET", target: "/eth/v1/beacon/headers?slot=1&x=%20y",
                    headers: [
                        "Accept": "application/octet-stream", "Connection": "keep-alive", "X-Question": "2",
                        "Host": "vc", "Expect": "100-continue", "Authorization": "Basic vc", "Cookie": "vc=1",
                    ])
                let response = try await client.proxy(request)
                #expect(response.status == status)
                #expect(response.headers["x-answer"] == "1")
                #expect(response.headers["content-type"] == "text/x")
                #expect(response.headers["eth-consensus-version"] == "fulu")
                #expect(response.headers["keep-alive"] == nil)
                #expect(try await Self.collect(response) == "hello")
                let seen = try #require(node.requests.first)
                #expect(seen.method == "GET")
                #expect(seen.target == "/eth/v1/beacon/headers?slot=1&x=%20y")
                #expect(seen.headers["accept"] == "application/octet-stream")
                #expect(seen.headers["x-question"] == "2")
                #expect(seen.headers["expect"] == nil)
                #expect(seen.headers["authorization"] == nil && seen.headers["cookie"] == nil)
                #expect(seen.headers["host"]?.hasPrefix("127.0.0.1") == true)
            }
        }
    }

    @Test("POST bodies reach every node, and the slower node is not cut off")
    func postReachesAll() async throws {
        // More than socket buffers hold: the slower node still lacks most of it when the quicker one has answered.
        let body = [UInt8](repeating: 7, count: 32 << 20)
        let release = Gate()
        let arrived = Gate()
        try await FakeBeaconNode.with({ _ in .json("quick") }) { quick in
            try await FakeBeaconNode.with(
                readsBodies: release,
                { _ in
                    arrived.open()
                    return .json("slow")
                }
            ) { slow in
                try await withClient([quick.url, slow.url], configure: { $0.proxyTimeout = .seconds(60) }) { client in
                    let response = try await client.proxy(
                        ProxyRequest(
                            method: "POST", target: "/eth/v1/validator/beacon_committee_subscriptions",
                            headers: ["Content-Type": "application/json", "Transfer-Encoding": "chunked"], body: body))
                    #expect(try await Self.collect(response) == "quick")
                    release.open()
                    await arrived.wait()
                    #expect(slow.requests.first?.body == body)
                    #expect(quick.requests.first?.body == body)
                    #expect(slow.requests.first?.headers["content-type"] == "application/json")
                }
            }
        }
    }

    @Test("a success of any node beats a refusal; without success a refusal is passed on", arguments: ["GET", "POST"])
    func refusals(method: String) async throws {
        let late = Gate()
        try await FakeBeaconNode.with(
            { _ in
                defer { late.open() }
                return .json("no", status: 404)
            },
            { _ in
                await late.wait()
                return .json("yes")
            }
        ) { refusing, willing in
            let request = ProxyRequest(method: method, target: "/eth/v1/x")
            try await withClient([refusing.url, willing.url]) {
                // Longer than a busy machine needs.
                $0.refusalPatience = .seconds(600)
            } _: { client in
                let response = try await client.proxy(request)
                #expect(try await Self.collect(response) == "yes")
            }
            try await withClient([refusing.url, deadURL], fallbacks: [willing.url]) { client in
                let response = try await client.proxy(request)
                #expect(response.status == 404)
                #expect(try await Self.collect(response) == "no")
            }
        }
    }

    @Test(
        "a refusal is passed on although another node hangs, and rather than what a broken node says",
        arguments: ["GET", "POST"], [400, 404])
    func refusalBesideSilence(method: String, status: Int) async throws {
        let refused = Gate()
        try await FakeBeaconNode.with(
            { _ in
                defer { refused.open() }
                return .json("no", status: status)
            },
            { request in
                if request.target == "/silent" { return .silence }
                await refused.wait()
                return .json("broken", status: 500)
            }
        ) { refusing, other in
            try await withClient([other.url, refusing.url]) {
                // Only a refusal can end the wait.
                $0.proxyTimeout = .seconds(3600)
                $0.refusalPatience = .milliseconds(500)
            } _: { client in
                for target in ["/silent", "/broken"] {
                    let response = try await client.proxy(ProxyRequest(method: method, target: target))
                    #expect(response.status == status)
                    #expect(try await Self.collect(response) == "no")
                }
            }
        }
    }

    @Test("fallback nodes serve when no primary can", arguments: ["GET", "POST"])
    func fallback(method: String) async throws {
        try await FakeBeaconNode.with({ _ in .json("gone", status: 502) }, { _ in .json("spare") }) { primary, spare in
            let request = ProxyRequest(method: method, target: "/eth/v1/x")
            try await withClient([primary.url, deadURL], fallbacks: [spare.url]) { client in
                let response = try await client.proxy(request)
                #expect(try await Self.collect(response) == "spare")
            }
            try await withClient([deadURL]) { client in
                let error = await failure { () throws(BeaconError) in try await client.proxy(request) }
                #expect(error?.httpStatus == nil && error?.isTemporary == true)
            }
        }
    }

    @Test("nobody waits for a primary that is known to hang", arguments: ["GET", "POST"])
    func knownToHang(method: String) async throws {
        try await FakeBeaconNode.with(
            { _ in .silence }, { _ in .json(#"{"data":{"version":"spare"}}"#) }
        ) { primary, spare in
            try await withClient([primary.url], fallbacks: [spare.url]) {
                $0.readTimeout = .seconds(2)
                $0.proxyTimeout = .seconds(3600)
            } _: { client in
                // Its time-out makes it known; that of the fallback node may follow on a busy machine.
                _ = await failure { () throws(BeaconError) in try await client.nodeVersion() }
                let response = try await client.proxy(ProxyRequest(method: method, target: "/eth/v1/x"))
                #expect(try await Self.collect(response).contains("spare"))
            }
        }
    }

    @Test("answers that are not streamed are bounded together, and there is room again once they are written")
    func answersTogether() async throws {
        let long = String(repeating: "x", count: 60_000)
        try await FakeBeaconNode.with({ _ in .json(long) }) { node in
            try await withClient([node.url], configure: { $0.proxyAnswersBytesMax = 100_000 }) { client in
                let request = ProxyRequest(method: "POST", target: "/eth/v1/x")
                func twoAtOnce() async throws {
                    let first = try await client.proxy(request)
                    let error = await failure { () throws(BeaconError) in try await client.proxy(request) }
                    #expect(error?.message.contains("too large together") == true && error?.isTemporary == true)
                    #expect(try await Self.collect(first) == long)
                }
                try await twoAtOnce()
                #expect(try await Self.collect(try await client.proxy(request)) == long)
            }
        }
    }

    @Test("a node that never answers is a time-out", arguments: ["GET", "POST"])
    func timeout(method: String) async throws {
        try await FakeBeaconNode.with({ _ in .silence }) { node in
            try await withClient([node.url], configure: { $0.proxyTimeout = .milliseconds(50) }) { client in
                let request = ProxyRequest(method: method, target: "/eth/v1/x")
                let error = await failure { () throws(BeaconError) in try await client.proxy(request) }
                #expect(error?.cause == .timeout)
            }
        }
    }

    @Test("bodies are streamed: a chunk arrives before the next one is sent")
    func streams() async throws {
        let end = Gate()
        try await FakeBeaconNode.with({ _ in .stream(["event: head\n", "data: {}\n\n"], end: end) }) { node in
            let url = node.url.replacing("http://", with: "http://u:p@")
            try await withClient([url], configure: { $0.headers = ["X-Own": "1"] }) { client in
                let response = try await client.proxyEvents(
                    ProxyRequest(method: "GET", target: "/eth/v1/events?topics=head"))
                #expect(response.headers["content-type"] == "text/event-stream")
                var text = ""
                for try await chunk in response.body {
                    text += String(decoding: chunk, as: UTF8.self)
                    // The stream is still open at the node.
                    if text.hasSuffix("\n\n") { end.open() }
                }
                #expect(text == "event: head\ndata: {}\n\n")
                #expect(node.requests.first?.headers["authorization"] == "Basic dTpw")
                #expect(node.requests.first?.headers["x-own"] == "1")
            }
        }
    }

    @Test(
        "an event stream comes from the next node when the best one hangs or refuses",
        arguments: [nil, 404, 503] as [Int?])
    func eventsNext(status: Int?) async throws {
        try await FakeBeaconNode.with(
            { _ in status.map { FakeBeaconNode.Answer.json("no", status: $0) } ?? .silence },
            { _ in .stream(["event: head\ndata: {}\n\n"]) }
        ) { bad, good in
            try await withClient([bad.url, good.url]) {
                $0.eventHeadTimeout = .milliseconds(200)
                $0.lastEventHeadTimeout = .seconds(600)
            } _: { client in
                let response = try await client.proxyEvents(ProxyRequest(method: "GET", target: "/eth/v1/events"))
                #expect(response.status == 200)
                #expect(try await Self.collect(response) == "event: head\ndata: {}\n\n")
            }
        }
    }

    @Test("if no node gives an event stream the client hears what a node said, a refusal before anything else")
    func eventsRefused() async throws {
        try await FakeBeaconNode.with(
            { _ in .json("topic", status: 400) }, { _ in .json("syncing", status: 503) }
        ) { refusing, busy in
            for urls in [[refusing.url, busy.url, deadURL], [deadURL, busy.url, refusing.url]] {
                try await withClient(urls) {
                    $0.eventHeadTimeout = .seconds(600)
                } _: { client in
                    let response = try await client.proxyEvents(ProxyRequest(method: "GET", target: "/eth/v1/events"))
                    #expect(response.status == 400)
                    #expect(try await Self.collect(response) == "topic")
                }
            }
        }
        try await FakeBeaconNode.with({ _ in .silence }) { node in
            try await withClient([node.url], configure: { $0.lastEventHeadTimeout = .milliseconds(50) }) { client in
                let request = ProxyRequest(method: "GET", target: "/eth/v1/events")
                let error = await failure { () throws(BeaconError) in try await client.proxyEvents(request) }
                #expect(error?.cause == .timeout)
            }
        }
    }

    @Test("an event stream on which nothing comes any more ends with an error")
    func eventsSilent() async throws {
        try await FakeBeaconNode.with({ _ in .stream(["event: head\n\n"], end: Gate()) }) { node in
            try await withClient([node.url], configure: { $0.eventIdleTimeout = .seconds(1) }) { client in
                let response = try await client.proxyEvents(ProxyRequest(method: "GET", target: "/eth/v1/events"))
                await #expect(throws: (any Error).self) { try await Self.collect(response) }
            }
        }
    }

    @Test("event streams go to the best node, or to one that lives")
    func eventsBest() async throws {
        try await FakeBeaconNode.with({ _ in .silence }, { _ in .json(#"{"data":{"version":"x"}}"#) }) { first, best in
            try await withClient([first.url, best.url]) { client in
                _ = try await client.nodeVersion()
                let response = try await client.proxyEvents(ProxyRequest(method: "GET", target: "/eth/v1/events"))
                #expect(response.status == 200)
                #expect(best.requests.count == 2)
            }
            try await withClient([deadURL, best.url]) { client in
                let response = try await client.proxyEvents(ProxyRequest(method: "GET", target: "/eth/v1/events"))
                #expect(response.status == 200)
            }
        }
    }
}
