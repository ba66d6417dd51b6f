import BeaconAPI
import BeaconTestSupport
import ClusterSetup
import SSZ
import TestSupport
import Testing

@testable import Diagnostics

@Suite struct MEVTestTests {
    private static let key = "0x" + String(repeating: "ab", count: 46) + "cdef"
    private static let hash = "0x" + String(repeating: "11", count: 32)
    private static let root = "0x" + String(repeating: "22", count: 32)

    /// A chain of slots of 12 s in its slot 64.
    private static let node: FakeBeaconNode.Responder = { request in
        switch request.target {
        case "/eth/v1/config/spec": .json(#"{"data":{"SECONDS_PER_SLOT":"12","SLOTS_PER_EPOCH":"32"}}"#)
        case "/eth/v1/beacon/genesis": .json(#"{"data":{"genesis_time":"1000"}}"#)
        case "/eth/v1/validator/duties/proposer/2":
            .json(
                #"{"data":[{"slot":"64","validator_index":"7","pubkey":"0x00"},{"slot":"65","validator_index":"8","pubkey":"\#(key)"}]}"#
            )
        case "/eth/v2/beacon/blocks/head":
            .json(
                #"""
                {"version":"electra","data":{"message":{"slot":"64","proposer_index":"7","parent_root":"0x00","state_root":"0x01",
                "body":{"randao_reveal":"0x02","execution_payload":{"block_hash":"\#(hash)"},"blob_kzg_commitments":["0x03"]}}}}
                """#)
        case "/eth/v1/beacon/blocks/head/root": .json(#"{"data":{"root":"\#(root)"}}"#)
        default: .json("{}", status: 404)
        }
    }

    private static let bid = FakeBeaconNode.Answer.json(
        #"{"version":"electra","data":{"message":{"header":{"block_hash":"0x44"},"blob_kzg_commitments":[]}}}"#)

    private static func relay(
        bid: FakeBeaconNode.Answer = bid, block: FakeBeaconNode.Answer = .json("{}", status: 400)
    ) -> FakeBeaconNode.Responder {
        { request in
            if request.target == "/eth/v1/builder/status" { return FakeBeaconNode.Answer() }
            return request.method == "POST" ? block : bid
        }
    }

    /// - Parameter clock: of which each request takes one tick.
    private static func results(
        _ relay: FakeBeaconNode, node: FakeBeaconNode? = nil, clock: TestClock = TestClock(tick: .milliseconds(1)),
        selection: [String] = []
    ) async throws -> CategoryResult {
        var options = MEVTest.Options()
        options.relays = [try MEVRelay(relay.url)]
        options.beaconNode = try node.map { try ServiceURL($0.url) }
        return try await WebClient.with(patience: 10) { [options] web in
            try await MEVTest(options, web: web, clock: clock.clock) { .seconds(1000 + 64 * 12 + 5) + clock.now }
                .test(selection: selection).run(timeout: .seconds(3600), clock: clock.clock)
        }
    }

    @Test("without load: the relay's status and its round trip")
    func status() async throws {
        try await FakeBeaconNode.with(Self.relay()) { relay in
            let results = try await Self.results(relay).targets.flatMap(\.results)
            #expect(results.map(\.name) == ["Ping", "PingMeasure", "CreateBlock"])
            #expect(results[0].finding == .ok)
            #expect(results[1].finding == Finding(verdict: .good, measurement: "1ms"))
            #expect(results[2].finding == .skipped("only with --load-test"))
            #expect(relay.requests.map(\.target) == ["/eth/v1/builder/status", "/eth/v1/builder/status"])
        }
    }

    @Test("a block: waits for the next slot, asks for a bid with the time it has, hands in the blinded block")
    func block() async throws {
        try await FakeBeaconNode.with(Self.relay(), Self.node) { relay, node in
            let clock = TestClock(tick: .milliseconds(1))
            let result = try await Self.results(relay, node: node, clock: clock, selection: ["CreateBlock"])
            let finding = try #require(result.targets.first?.results.first?.finding)
            #expect(finding == Finding(verdict: .good, measurement: "2ms"))
            // Within 5 s of the slot's 12 the time until then had passed.
            #expect(clock.slept.count == 1 && clock.slept.allSatisfy { $0 > .seconds(6) && $0 <= .seconds(7) })
            let asked = relay.requests
            #expect(
                asked.map(\.target) == [
                    "/eth/v1/builder/header/65/\(Self.hash)/\(Self.key)", "/eth/v1/builder/blinded_blocks",
                ])
            #expect(asked.first?.headers["x-timeout-ms"] == "1000")
            #expect(asked.last?.headers["eth-consensus-version"] == "electra")
            let block = try JSONValue(parsing: asked.last?.body ?? [])
            #expect(
                block["message"] == [
                    "slot": "65", "proposer_index": "8", "parent_root": .string(Self.root), "state_root": "0x01",
                    "body": [
                        "randao_reveal": "0x02", "blob_kzg_commitments": [],
                        "execution_payload_header": ["block_hash": "0x44"],
                    ],
                ])
        }
    }

    @Test("the mean time decides", arguments: [(450, Verdict.good), (451, .average), (500, .average), (501, .poor)])
    func limits(milliseconds: Int, verdict: Verdict) async throws {
        try await FakeBeaconNode.with(Self.relay(), Self.node) { relay, node in
            let clock = TestClock(tick: .milliseconds(milliseconds))
            let result = try await Self.results(relay, node: node, clock: clock, selection: ["CreateBlock"])
            #expect(result.targets.flatMap(\.results).map(\.verdict) == [verdict])
        }
    }

    @Test(
        "relays that do not do their part",
        arguments: [
            (FakeBeaconNode.Answer.json("{}", status: 400), FakeBeaconNode.Answer(), "status 400 and no bid"),
            (.json("{}"), FakeBeaconNode.Answer(), "status 200 and no bid"),
            (bid, .json("{}", status: 502), "status 502 of the relay for a blinded block"),
        ])
    func bad(bid: FakeBeaconNode.Answer, block: FakeBeaconNode.Answer, reason: String) async throws {
        try await FakeBeaconNode.with(Self.relay(bid: bid, block: block), Self.node) { relay, node in
            let result = try await Self.results(relay, node: node, selection: ["CreateBlock"])
            let finding = try #require(result.targets.first?.results.first?.finding)
            #expect(finding.verdict == .fail && finding.error.contains(reason), "\(finding)")
        }
    }

    @Test("a beacon node that does not know the chain fails the case, not the program")
    func badNode() async throws {
        try await FakeBeaconNode.with(Self.relay(), { _ in .json("{}") }) { relay, node in
            let result = try await Self.results(relay, node: node, selection: ["CreateBlock"])
            let finding = try #require(result.targets.first?.results.first?.finding)
            #expect(finding.verdict == .fail && finding.error.contains("genesis_time"))
        }
    }

    @Test(
        "relays are named by a part of their key and their host",
        arguments: [
            ("https://\(key)@relay.example/", "0xabab…cdef@relay.example"),
            ("https://\(key)@relay.example:8080", "0xabab…cdef@relay.example:8080"),
            ("https://relay.example", "https://relay.example"), ("http://user:pass@h/secret", "http://h/…"),
            ("https://0xabcd@relay.example", "https://relay.example"),
        ])
    func names(text: String, name: String) throws { #expect(try MEVRelay(text).name == name) }

    @Test(
        "flags that go together, and their ranges",
        arguments: [
            (true, nil, 1, 1000, "--mev-beacon-node-endpoint"), (false, "http://h", 1, 1000, "--mev-load-test"),
            (false, nil, 0, 1000, "--mev-number-of-payloads"), (false, nil, 1, 0, "--mev-x-timeout-ms"),
            (true, "http://h", 1, 1, nil),
        ] as [(Bool, String?, Int, Int, String?)])
    func flags(load: Bool, node: String?, payloads: Int, milliseconds: Int, named: String?) throws {
        var options = MEVTest.Options()
        options.beaconNode = try node.map { try ServiceURL($0) }
        options.payloads = payloads
        options.bidTimeout = .milliseconds(milliseconds)
        do {
            try options.validate(isUnderLoad: load, prefix: "mev-")
            #expect(named == nil)
        } catch {
            #expect(named.map { error.description.contains($0) } == true, "\(error)")
        }
    }
}
