import ClusterSetup
import SSZ

/// Whether relays of block builders are there, and fast enough for a proposal. Source: spec/operations.md §4.2.
package struct MEVTest: Sendable {
    private static let statusPath = "/eth/v1/builder/status"

    package struct Options: Sendable {
        package var relays: [MEVRelay] = []
        /// Set exactly when blocks are to be asked for.
        package var beaconNode: ServiceURL?
        package var payloads = 1
        /// What a relay is told it has for its bid.
        package var bidTimeout = Duration.milliseconds(1000)

        package init() {}

        /// - Parameter prefix: of the flags' names.
        package func validate(isUnderLoad: Bool, prefix: String) throws(DiagnosticsError) {
            guard isUnderLoad == (beaconNode != nil) else {
                throw isUnderLoad
                    ? .flag("\(prefix)beacon-node-endpoint", "is missing; --\(prefix)load-test asks it for the chain")
                    : .flag(
                        "\(prefix)beacon-node-endpoint",
                        "is of no use without --\(prefix)load-test; add it or leave this out")
            }
            for (flag, value, range) in [
                ("number-of-payloads", payloads, 1...1000),
                ("x-timeout-ms", Int(bidTimeout / .milliseconds(1)), 1...60_000),
            ] where !range.contains(value) {
                throw .flag(prefix + flag, "is \(value); use \(range.lowerBound) to \(range.upperBound)")
            }
        }
    }

    private let options: Options
    private let web: WebClient
    private let clock: ProbeClock
    /// Since 1970.
    private let wallClock: @Sendable () -> Duration

    package init(
        _ options: Options, web: WebClient, clock: ProbeClock, wallClock: @escaping @Sendable () -> Duration
    ) {
        self.options = options
        self.web = web
        self.clock = clock
        self.wallClock = wallClock
    }

    package func test(selection: [String]) throws(DiagnosticsError) -> CategoryTest {
        let targets = options.relays.map { relay in
            var service = HTTPService(url: relay.url, web: web, clock: clock)
            // Later than that is too late in any case; how much later is worth knowing.
            service.timeout = max(service.timeout, options.bidTimeout * 2)
            return CategoryTest.Target(
                name: relay.name,
                cases: service.pingCases(Self.statusPath, .mevRoundTrip) + [
                    TestCase("CreateBlock") { [service] in try await createBlock(service) }
                ])
        }
        return try CategoryTest(.mev, targets, selection: selection)
    }

    private func createBlock(_ relay: HTTPService) async throws -> Finding {
        guard let url = options.beaconNode else { return .skipped("only with --load-test") }
        let proposals = BlindedProposals(
            relay: relay, node: HTTPService(url: url, web: web, clock: clock), bidTimeout: options.bidTimeout,
            clock: clock, wallClock: wallClock)
        return .measured(
            try await proposals.meanTime(of: options.payloads), .mevBlock(given: options.bidTimeout))
    }
}
