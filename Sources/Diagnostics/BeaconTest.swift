import ClusterSetup
import SSZ

/// Whether beacon nodes are there, in sync, connected and fast. Source: spec/operations.md §4.2.
package struct BeaconTest: Sendable {
    /// Connections to one node at once, under load.
    package static let connectionsMax = 256
    static let healthPath = "/eth/v1/node/health"
    private static let versionCharactersMax = 100

    package struct Options: Sendable {
        package var endpoints: [ServiceURL] = []
        package var isUnderLoad = false
        package var loadDuration = Duration.seconds(5)
        package var simulationSlots = 32
        /// Where `<N>-validators.json` is written.
        package var simulationDirectory = "./"
        /// Writes the time of every request, too.
        package var isSimulationVerbose = false
        /// Validators of one more simulation, with or without the other load; 0 for none.
        package var customValidators = 0

        package init() {}

        /// - Parameter prefix: of the flags' names.
        package func validate(prefix: String) throws(DiagnosticsError) {
            for (flag, value, range) in [
                ("simulation-duration-in-slots", simulationSlots, 1...100_000),
                ("simulation-custom", customValidators, 0...100_000),
            ] where !range.contains(value) {
                throw .flag(prefix + flag, "is \(value); use \(range.lowerBound) to \(range.upperBound)")
            }
        }
    }

    private let options: Options
    private let web: WebClient
    private let clock: ProbeClock

    /// - Parameter web: with `connectionsMax`.
    package init(_ options: Options, web: WebClient, clock: ProbeClock) {
        self.options = options
        self.web = web
        self.clock = clock
    }

    package func test(selection: [String]) throws(DiagnosticsError) -> CategoryTest {
        let targets = options.endpoints.enumerated().map { index, url in
            CategoryTest.Target(
                name: "\(url)", cases: cases(HTTPService(url: url, web: web, clock: clock), number: index + 1))
        }
        return try CategoryTest(.beacon, targets, selection: selection)
    }

    private func cases(_ node: HTTPService, number: Int) -> [TestCase] {
        var cases = node.pingCases(Self.healthPath, .beaconRoundTrip)
        cases.append(TestCase("Version") { try await version(node) })
        cases.append(TestCase("Synced") { try await synced(node) })
        cases.append(TestCase("PeerCount") { try await peerCount(node) })
        cases.append(TestCase("PingLoad") { try await pingLoad(node) })
        for size in ValidatorMix.sizes {
            cases.append(
                TestCase("Simulate\(size)") {
                    guard options.isUnderLoad else { return .skipped(Self.withoutLoad) }
                    return try await simulate(.usual(size), node, number)
                })
        }
        cases.append(
            TestCase("SimulateCustom") {
                guard options.customValidators > 0 else { return .skipped("--simulation-custom is 0") }
                return try await simulate(.custom(options.customValidators), node, number)
            })
        return cases
    }

    private static let withoutLoad = "only with --load-test"

    /// The first three parts, as `name/version/platform`.
    private func version(_ node: HTTPService) async throws -> Finding {
        guard let text = try await node.json("/eth/v1/node/version")["data"]?["version"]?.string, !text.isEmpty else {
            throw CaseFailure.unexpected("no version in the answer")
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).prefix(3).joined(separator: "/")
        return Finding(verdict: .ok, measurement: String(parts.prefix(Self.versionCharactersMax)))
    }

    private func synced(_ node: HTTPService) async throws -> Finding {
        guard let isSyncing = try await node.json("/eth/v1/node/syncing")["data"]?["is_syncing"]?.bool else {
            throw CaseFailure.unexpected("no is_syncing in the answer")
        }
        guard !isSyncing else { throw CaseFailure.unexpected("the node is still syncing") }
        return .ok
    }

    private func peerCount(_ node: HTTPService) async throws -> Finding {
        guard let count = try await node.json("/eth/v1/node/peers?state=connected")["meta"]?["count"]?.uint64 else {
            throw CaseFailure.unexpected("no meta.count in the answer")
        }
        return .measured(Double(count), unit: "", .beaconPeers)
    }

    private func pingLoad(_ node: HTTPService) async throws -> Finding {
        guard options.isUnderLoad else { return .skipped(Self.withoutLoad) }
        let load = PingLoad(duration: options.loadDuration, clock: clock)
        return .measured(
            try await load.longest { try await node.ask(Self.healthPath).headDelay }, .beaconRoundTrip)
    }

    private func simulate(_ mix: ValidatorMix, _ node: HTTPService, _ number: Int) async throws -> Finding {
        let simulation = BeaconSimulation(
            node: node, plan: SimulationPlan(mix: mix, slots: options.simulationSlots), clock: clock)
        let report = try await simulation.run()
        // Nodes are simulated side by side: the first one has the name that scripts look for.
        let name = "\(mix.count)-validators\(number == 1 ? "" : "-\(number)").json"
        try report.write(inDirectory: options.simulationDirectory, name: name, isVerbose: options.isSimulationVerbose)
        return report.finding
    }
}
