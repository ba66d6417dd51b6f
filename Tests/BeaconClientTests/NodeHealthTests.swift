import BeaconAPI
import BeaconTestSupport
import Synchronization
import TestSupport
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
        let outage = health.succeeded(0, "x", after: .zero, at: start + .seconds(100))
        #expect(outage?.calls == 100 && outage?.formatted() == "100s")
        let again = health.succeeded(0, "x", after: .zero, at: start + .seconds(101))
        let isNews = health.failed(0, .syncing, at: start + .seconds(102))
        #expect(again == nil && isNews)
    }

    @Test("keeps the last answers of a node, and what came of the last question while it is out")
    func remembered() {
        var health = NodeHealth()
        for second in 0..<100 {
            _ = health.succeeded(0, "x", after: .milliseconds(second), at: start + .seconds(second))
        }
        #expect(health.answers[0]?.latencies == (68..<100).map { .milliseconds($0) })
        #expect(health.answers[0]?.last == start + .seconds(99) && health.answers[1] == nil)
        _ = health.failed(0, .timeout, at: start + .seconds(100))
        _ = health.failed(0, .connection("refused"), at: start + .seconds(101))
        #expect(health.outages[0]?.since == start + .seconds(100))
        #expect(health.outages[0]?.cause.description == "refused")
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
        let outage = health.succeeded(0, "x", after: .zero, at: start)
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

    @Test("a node that does not follow the chain is asked when all others are out of reach")
    func idle() async throws {
        let answer = FakeBeaconNode.Answer.json(#"{"data":{"version":"v"}}"#)
        try await FakeBeaconNode.with({ _ in answer }, { _ in answer }) { syncing, spare in
            try await withClient([syncing.url, deadURL], fallbacks: [spare.url]) { client in
                client.setIdle([0])
                _ = try await client.nodeVersion()
                #expect(syncing.requests.isEmpty && spare.requests.count == 1)
                #expect(client.ranking().last == 0)
                client.setIdle([0, 2])
                _ = try await client.nodeVersion()
                #expect(syncing.requests.count + spare.requests.count > 1)
                client.setIdle([])
                let before = syncing.requests.count
                _ = try await client.nodeVersion()
                #expect(syncing.requests.count > before)
            }
        }
    }

    @Test("while every primary is known to be out of reach nobody waits for them")
    func outage() async throws {
        let answer = FakeBeaconNode.Answer.json(
            #"{"data":{"version":"v","head_slot":"1","sync_distance":"0","is_syncing":false}}"#)
        let back = Gate()
        let reconnected = Mutex<[Int]>([])
        try await FakeBeaconNode.with({ _ in back.isOpen ? answer : .json("", status: 503) }, { _ in answer }) {
            primary, spare in
            try await withClient([primary.url], fallbacks: [spare.url]) {
                $0.reconnected = { node in reconnected.withLock { $0.append(node) } }
            } _: { client in
                let request = OutgoingRequest(.nodeVersion, timeout: .seconds(2))
                var race = client.race(request)
                let asked1 = race.start(at: .now)
                #expect(asked1 == [0])
                _ = try await client.nodeVersion()
                race = client.race(request)
                let asked2 = race.start(at: .now).sorted()
                #expect(asked2 == [0, 1])
                #expect(reconnected.withLock { $0 } == [])
                back.open()
                _ = await failure { () throws(BeaconError) in try await client.genesis(of: 0) }
                #expect(reconnected.withLock { $0 } == [], "an unusable answer is no success")
                _ = try await client.syncing(of: 0)
                #expect(reconnected.withLock { $0 } == [0])
                race = client.race(request)
                let asked3 = race.start(at: .now)
                #expect(asked3 == [0])
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
            let url = node.url.replacing("http://", with: "http://Sec-User:Sec-Pass@") + "/Sec-Path?key=Sec-Query%21"
            try await withClient([url], configure: { $0.headers = ["X-Key": "Bearer Sec-Token"] }) { client in
                #expect(!"\(client.configuration)".contains("Sec-"))
                let error = await failure { () throws(BeaconError) in try await client.nodeVersion() }
                let text = "\(try #require(error))"
                #expect(text.contains("/eth/v1/node/version") && text.lowercased().contains("x-key"), "\(text)")
                for secret in ["Sec-", "Query", "U2VjLVVzZXI6U2VjLVBhc3M="] {
                    #expect(!text.contains(secret), "\(text)")
                }
            }
        }
    }
}
