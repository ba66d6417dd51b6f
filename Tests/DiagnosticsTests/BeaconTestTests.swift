import BeaconAPI
import BeaconTestSupport
import ClusterSetup
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Diagnostics

@Suite struct BeaconTestTests {
    /// A healthy node, but for what `other` answers.
    private static func node(
        _ other: @escaping @Sendable (String) -> FakeBeaconNode.Answer? = { _ in nil }
    ) -> FakeBeaconNode.Responder {
        { request in
            let path = String(request.target.prefix { $0 != "?" })
            if let answer = other(path) { return answer }
            switch path {
            case "/eth/v1/node/health": return FakeBeaconNode.Answer()
            case "/eth/v1/node/version":
                return .json(#"{"data":{"version":"Lighthouse/v7.1.0/x86_64-linux/surplus/parts"}}"#)
            case "/eth/v1/node/syncing":
                return .json(
                    #"{"data":{"head_slot":"319","sync_distance":"0","is_syncing":false,"is_optimistic":false}}"#)
            case "/eth/v1/node/peers": return .json(#"{"data":[],"meta":{"count":57}}"#)
            case "/eth/v1/config/spec":
                return .json(#"{"data":{"SECONDS_PER_SLOT":"5","SLOTS_PER_EPOCH":"16"}}"#)
            default: return .json(#"{"code":404,"message":"none"}"#, status: 404)
            }
        }
    }

    private static func results(
        _ node: FakeBeaconNode, _ change: (inout BeaconTest.Options) -> Void = { _ in },
        clock: TestClock = TestClock(tick: .milliseconds(1)), selection: [String] = []
    ) async throws -> [String: Finding] {
        var options = BeaconTest.Options()
        options.endpoints = [try ServiceURL(node.url)]
        change(&options)
        let result = try await WebClient.with(patience: 10, connectionsMax: BeaconTest.connectionsMax) { web in
            try await BeaconTest(options, web: web, clock: clock.clock).test(selection: selection)
                .run(timeout: .seconds(3600), clock: clock.clock)
        }
        let cases = result.targets.flatMap(\.results)
        return Dictionary(uniqueKeysWithValues: cases.map { ($0.name, $0.finding) })
    }

    private static let simulations = ["Simulate1", "Simulate10", "Simulate100", "Simulate500", "Simulate1000"]

    @Test("a good node without load: five verdicts, the others are left out")
    func good() async throws {
        try await FakeBeaconNode.with(Self.node()) { node in
            let results = try await Self.results(node)
            #expect(results["Ping"] == .ok)
            #expect(results["PingMeasure"] == Finding(verdict: .good, measurement: "1ms"))
            #expect(results["Version"] == Finding(verdict: .ok, measurement: "Lighthouse/v7.1.0/x86_64-linux"))
            #expect(results["Synced"] == .ok)
            #expect(results["PeerCount"] == Finding(verdict: .good, measurement: "57"))
            for name in ["PingLoad"] + Self.simulations {
                #expect(results[name] == .skipped("only with --load-test"), "\(name)")
            }
            #expect(results["SimulateCustom"] == .skipped("--simulation-custom is 0"))
            #expect(results.count == 12)
            #expect(
                node.requests.map(\.target) == [
                    "/eth/v1/node/health", "/eth/v1/node/health", "/eth/v1/node/version", "/eth/v1/node/syncing",
                    "/eth/v1/node/peers?state=connected",
                ])
        }
    }

    @Test("the round trip decides", arguments: [(40, Verdict.good), (41, .average), (100, .average), (101, .poor)])
    func measured(milliseconds: Int, verdict: Verdict) async throws {
        try await FakeBeaconNode.with(Self.node()) { node in
            let clock = TestClock(tick: .milliseconds(milliseconds))
            let results = try await Self.results(node, clock: clock, selection: ["PingMeasure"])
            #expect(results == ["PingMeasure": Finding(verdict: verdict, measurement: "\(milliseconds)ms")])
        }
    }

    @Test(
        "a node that is not well, or answers something else",
        arguments: [
            ("Ping", "/eth/v1/node/health", 503, "", "status 503"),
            ("PingMeasure", "/eth/v1/node/health", 400, "", "status 400"),
            ("Version", "/eth/v1/node/version", 500, "{}", "status 500"),
            ("Version", "/eth/v1/node/version", 200, "<html>", "no JSON"),
            ("Version", "/eth/v1/node/version", 200, #"{"data":{"version":""}}"#, "no version"),
            ("Synced", "/eth/v1/node/syncing", 200, #"{"data":{"is_syncing":true}}"#, "still syncing"),
            ("Synced", "/eth/v1/node/syncing", 200, #"{"data":{}}"#, "no is_syncing"),
            ("PeerCount", "/eth/v1/node/peers", 200, #"{"data":[]}"#, "no meta.count"),
            ("PeerCount", "/eth/v1/node/peers", 200, #"{"meta":{"count":-1}}"#, "no meta.count"),
        ])
    func unwell(name: String, path: String, status: Int, body: String, reason: String) async throws {
        try await FakeBeaconNode.with(Self.node { $0 == path ? .json(body, status: status) : nil }) { node in
            let finding = try #require(try await Self.results(node, selection: [name])[name])
            #expect(finding.verdict == .fail && finding.error.contains(reason), "\(finding)")
        }
    }

    @Test("status 206, syncing, is an answer; peers count in either notation")
    func lenient() async throws {
        let other: @Sendable (String) -> FakeBeaconNode.Answer? = { path in
            switch path {
            case "/eth/v1/node/health": FakeBeaconNode.Answer(status: 206)
            case "/eth/v1/node/peers": .json(#"{"meta":{"count":"20"}}"#)
            default: nil
            }
        }
        try await FakeBeaconNode.with(Self.node(other)) { node in
            let results = try await Self.results(node, selection: ["Ping", "PeerCount"])
            #expect(results["Ping"] == .ok)
            #expect(results["PeerCount"] == Finding(verdict: .average, measurement: "20"))
        }
    }

    @Test("a node that is not there fails in every case, without its password")
    func absent() async throws {
        var options = BeaconTest.Options()
        options.endpoints = [try ServiceURL("http://user:Sec-Pass@127.0.0.1:1/Sec-Path?k=Sec-Key")]
        let clock = TestClock()
        let result = try await WebClient.with { [options] web in
            try await BeaconTest(options, web: web, clock: clock.clock).test(selection: [])
                .run(timeout: .seconds(3600), clock: clock.clock)
        }
        let active = result.targets.flatMap(\.results).filter { $0.verdict != .skip }
        #expect(active.count == 5 && active.allSatisfy { $0.verdict == .fail })
        #expect(result.score == .c)
        #expect(!result.text.contains("Sec-") && !result.json.text().contains("Sec-"))
    }

    @Test("credentials, path and query of the address are used")
    func address() async throws {
        try await FakeBeaconNode.with({ _ in FakeBeaconNode.Answer() }) { node in
            let text = node.url.replacing("http://", with: "http://user:pass@") + "/prefix?k=v"
            let url = try ServiceURL(text)
            _ = try await Self.results(node, { $0.endpoints = [url] }, selection: ["Ping", "PeerCount"])
            #expect(
                node.requests.map(\.target) == [
                    "/prefix/eth/v1/node/health?k=v", "/prefix/eth/v1/node/peers?k=v&state=connected",
                ])
            #expect(node.requests.allSatisfy { $0.headers["authorization"] == "Basic dXNlcjpwYXNz" })
        }
    }

    @Test("load: pings, and simulations with a file each")
    func load() async throws {
        let directory = try TemporaryDirectory()
        try await FakeBeaconNode.with(Self.node()) { node in
            let clock = TestClock()
            let results = try await Self.results(
                node,
                {
                    $0.isUnderLoad = true
                    $0.loadDuration = .seconds(2)
                    $0.simulationSlots = 2
                    $0.simulationDirectory = directory.path
                    $0.isSimulationVerbose = true
                    $0.customValidators = 3
                }, clock: clock, selection: ["PingLoad", "Simulate1", "Simulate10", "SimulateCustom"])
            // How long a request took depends on whose pauses moved the clock meanwhile.
            #expect(results.count == 4)
            #expect(results.values.allSatisfy { [.good, .average, .poor].contains($0.verdict) })
            #expect(results.values.allSatisfy { $0.error.isEmpty })
            // The stand-in knows neither duties nor data.
            #expect(results["Simulate1"]?.suggestion?.contains("the node refused") == true)
            #expect(results["PingLoad"]?.suggestion == nil)
            #expect(directory.names == ["1-validators.json", "10-validators.json", "3-validators.json"])
            let file = try JSONValue(parsing: directory.read("10-validators.json"))
            #expect(file["validators"] == ["attesters": 6, "proposers": 3, "sync_committee_members": 1])
            #expect(file["without_answer"] == 0)
            let attestations = file["endpoints"]?["GET /eth/v1/validator/attestation_data"]
            // Two slots of ten; the stand-in has no such data.
            #expect(attestations?["requests"] == 20 && attestations?["refused"] == 20)
            #expect(attestations?["all_ms"]?.array?.count == 20)
            let asked = node.requests.map(\.target)
            #expect(asked.contains("/eth/v1/validator/attestation_data?slot=320&committee_index=0"))
            #expect(asked.contains("/eth/v1/validator/attestation_data?slot=321&committee_index=9"))
            #expect(asked.contains("/eth/v1/validator/duties/attester/20"))
        }
    }

    @Test("a node that hangs up during a simulation fails it, and the file says how often")
    func hangUp() async throws {
        let directory = try TemporaryDirectory()
        let answers = Self.node { $0 == "/eth/v1/beacon/genesis" ? FakeBeaconNode.Answer(hangsUp: true) : nil }
        try await FakeBeaconNode.with(answers) { node in
            let results = try await Self.results(
                node,
                {
                    $0.isUnderLoad = true
                    $0.simulationSlots = 1
                    $0.simulationDirectory = directory.path
                }, selection: ["Simulate1"])
            let finding = try #require(results["Simulate1"])
            #expect(finding.verdict == .fail)
            #expect(finding.error.contains("1 of") && finding.error.contains("GET /eth/v1/beacon/genesis"))
            let file = try JSONValue(parsing: directory.read("1-validators.json"))
            #expect(file["without_answer"] == 1)
            #expect(file["endpoints"]?["GET /eth/v1/node/version"]?["all_ms"] == nil)
        }
    }

    @Test(
        "what a node says of the chain is bounded",
        arguments: [#"{"data":{"head_slot":"18446744073709551615"}}"#, #"{"data":{}}"#, "[]"])
    func chain(syncing: String) async throws {
        try await FakeBeaconNode.with(Self.node { $0 == "/eth/v1/node/syncing" ? .json(syncing) : nil }) { node in
            let results = try await Self.results(node, { $0.isUnderLoad = true }, selection: ["Simulate1"])
            #expect(results["Simulate1"]?.verdict == .fail)
            #expect(results["Simulate1"]?.error.contains("head_slot") == true)
        }
    }

    @Test("flags out of range are named")
    func validate() {
        for (change, flag) in [
            ({ $0.simulationSlots = 0 }, "--beacon-simulation-duration-in-slots"),
            ({ $0.simulationSlots = 100_001 }, "--beacon-simulation-duration-in-slots"),
            ({ $0.customValidators = -1 }, "--beacon-simulation-custom"),
        ] as [((inout BeaconTest.Options) -> Void, String)] {
            var options = BeaconTest.Options()
            change(&options)
            let error = #expect(throws: DiagnosticsError.self) { try options.validate(prefix: "beacon-") }
            #expect(error?.description.contains(flag) == true)
        }
    }
}
