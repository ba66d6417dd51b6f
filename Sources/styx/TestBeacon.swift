import ArgumentParser
import ClusterSetup
import Diagnostics

struct TestBeacon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "beacon", abstract: "Test beacon nodes.",
        discussion: """
            With --load-test, clusters of 1 to 1000 validators are simulated too, each for --simulation-duration-in-slots. \
            Nothing that is sent changes what a node believes of any validator.
            """)

    @OptionGroup var beacon: BeaconTestOptions
    @OptionGroup var cases: CaseOptions
    @OptionGroup var common: TestOptions

    static let flags = EnvironmentArguments.Flags(
        options: BeaconTestOptions.names + CaseOptions.names + TestOptions.names,
        switches: BeaconTestOptions.switches + TestOptions.switches)

    func run() async throws {
        let (beacon, selection) = (beacon, cases.selection)
        try await common.run("beacon") { session in await session.run(try beacon.test(selection, session)) }
    }
}

struct BeaconTestOptions: ParsableArguments {
    @Option(help: "Beacon nodes, comma-separated URLs.") var endpoints: [String] = []
    @Flag(help: "Put load on the nodes.") var loadTest = false
    @Option(help: "How long to ping under load, e.g. 5s.", transform: duration) var loadTestDuration =
        Duration.seconds(5)
    @Option(help: "Slots that each simulation takes.") var simulationDurationInSlots = 32
    @Option(help: "Directory for <N>-validators.json.") var simulationFileDir = "./"
    @Flag(help: "Write the time of every request of a simulation.") var simulationVerbose = false
    @Option(help: "Simulate a cluster of so many validators, too.") var simulationCustom = 0

    static let names = [
        "endpoints", "load-test-duration", "simulation-duration-in-slots", "simulation-file-dir", "simulation-custom",
    ]
    static let switches = ["load-test", "simulation-verbose"]

    func test(_ selection: [String], _ session: TestSession, prefix: String = "") throws -> CategoryTest {
        var options = BeaconTest.Options()
        options.endpoints = try addresses(endpoints, flag: prefix + "endpoints") { try ServiceURL($0) }
        options.isUnderLoad = loadTest
        options.loadDuration = loadTestDuration
        options.simulationSlots = simulationDurationInSlots
        options.simulationDirectory = simulationFileDir
        options.isSimulationVerbose = simulationVerbose
        options.customValidators = simulationCustom
        try options.validate(prefix: prefix)
        return try BeaconTest(options, web: session.web, clock: session.clock).test(selection: selection)
    }
}

/// At least one address of a service.
func addresses<Address>(
    _ values: [String], flag: String, _ parse: (String) throws -> Address
) throws -> [Address] {
    let values = list(values)
    guard !values.isEmpty else { throw CommandFailure("required flag(s) \"\(flag)\" not set") }
    return try values.enumerated().map { index, text in
        // The text itself may hold a password.
        do { return try parse(text) } catch { throw CommandFailure("--\(flag): entry \(index + 1) is \(error)") }
    }
}
