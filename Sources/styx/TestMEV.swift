import ArgumentParser
import ClusterSetup
import Diagnostics
import Program

struct TestMEV: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mev", abstract: "Test relays of block builders.",
        discussion: """
            With --load-test a relay is asked for a bid and given a blinded block, which it refuses, since nobody has \
            signed it: only the time counts.
            """)

    @OptionGroup var mev: MEVTestOptions
    @OptionGroup var cases: CaseOptions
    @OptionGroup var common: TestOptions

    static let flags = EnvironmentArguments.Flags(
        options: MEVTestOptions.names + CaseOptions.names + TestOptions.names,
        switches: MEVTestOptions.switches + TestOptions.switches)

    func run() async throws {
        let (mev, selection) = (mev, cases.selection)
        try await common.run("mev") { session in await session.run(try mev.test(selection, session)) }
    }
}

struct MEVTestOptions: ParsableArguments {
    @Option(help: "Relays, comma-separated URLs.") var endpoints: [String] = []
    @Flag(help: "Ask for blocks.") var loadTest = false
    @Option(help: "Beacon node that knows the chain, for --load-test.") var beaconNodeEndpoint = ""
    @Option(help: "Blocks to ask for.") var numberOfPayloads = 1
    @Option(help: "Milliseconds that a relay is given for its bid.") var xTimeoutMs = 1000

    static let names = ["endpoints", "beacon-node-endpoint", "number-of-payloads", "x-timeout-ms"]
    static let switches = ["load-test"]

    func test(_ selection: [String], _ session: TestSession, prefix: String = "") throws -> CategoryTest {
        var options = MEVTest.Options()
        options.relays = try addresses(endpoints, flag: prefix + "endpoints") { try MEVRelay($0) }
        if !beaconNodeEndpoint.isEmpty {
            do {
                options.beaconNode = try ServiceURL(beaconNodeEndpoint)
            } catch {
                throw CommandFailure("--\(prefix)beacon-node-endpoint is \(error)")
            }
        }
        options.payloads = numberOfPayloads
        options.bidTimeout = .milliseconds(min(max(xTimeoutMs, 0), 1 << 30))
        try options.validate(isUnderLoad: loadTest, prefix: prefix)
        return try MEVTest(options, web: session.web, clock: session.clock) {
            .nanoseconds(SystemClock.now().nanoseconds)
        }.test(selection: selection)
    }
}
