import ArgumentParser
import ClusterSetup
import Diagnostics
import Foundation

struct Alpha: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alpha", abstract: "Commands that may still change.",
        subcommands: [AlphaTest.self, AlphaEdit.self])
}

/// Also as `styx test`, as some releases of Charon had it.
struct AlphaTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Test what a node depends on, before it goes into a cluster.",
        discussion: """
            Verdicts are OK, Good, Avg, Poor, Fail and Skip; a category's score is A, B or C. The exit status is 0 whatever \
            they are, unless --fail-below says otherwise.
            """,
        subcommands: [
            TestAll.self, TestPeers.self, TestBeacon.self, TestValidator.self, TestMEV.self, TestInfra.self,
        ])
}

/// `--fail-below`, in either case.
extension Score: ExpressibleByArgument {
    package init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}

/// Flags of every category.
struct TestOptions: ParsableArguments {
    @Option(help: "File for the results; those of other categories in it are kept.") var outputJson = ""
    @Flag(help: "Print no report. Needs --output-json.") var quiet = false
    @Option(help: "How long all of it may take, e.g. 10m.", transform: duration) var timeout = Duration.seconds(3600)
    @Flag(help: "Publish the results, signed with this operator's identity key.") var publish = false
    @Option(help: "Where to publish.") var publishAddress = ObolAPI.defaultAddress
    @Option(help: "Identity key that signs what is published; without the file a key is made up.")
    var publishPrivateKeyFile = ".charon/charon-enr-private-key"
    @Option(help: "End with status 1 if a score is below this: A, B or C.") var failBelow: Score?

    static let names = ["output-json", "timeout", "publish-address", "publish-private-key-file", "fail-below"]
    static let switches = ["quiet", "publish"]

    private var output: TestOutput {
        get throws {
            var output = TestOutput()
            output.path = outputJson
            output.isQuiet = quiet
            if publish {
                output.publication = try TestOutput.Publication(
                    address: publishAddress, privateKeyFile: publishPrivateKeyFile)
            }
            return output
        }
    }

    /// Checks what can be checked, tests, reports.
    ///
    /// - Parameter tests: runs the tests of a session, and may have it report before it ends.
    func run(_ command: String, _ tests: @escaping @Sendable (TestSession) async throws -> Void) async throws {
        let results = try await failing("alpha test \(command)") {
            let (output, timeout) = (try output, timeout)
            try output.check()
            return try await untilInterrupted {
                try await WebClient.with(connectionsMax: BeaconTest.connectionsMax) { web in
                    let session = TestSession(timeout: timeout, output: output, web: web)
                    try await tests(session)
                    return try await session.report()
                }
            }
        }
        if let failBelow, results.contains(where: { $0.score.map { $0 > failBelow } ?? false }) { throw ExitCode(1) }
    }
}

/// One run of the command: its tests one after another, and one report of them all.
actor TestSession {
    nonisolated let clock = ProbeClock.system
    nonisolated let web: WebClient
    private let end: Duration
    private let timeout: Duration
    private let output: TestOutput
    private var results: [CategoryResult] = []
    private var isReported = false

    init(timeout: Duration, output: TestOutput, web: WebClient) {
        self.timeout = timeout
        self.output = output
        self.web = web
        end = clock.now() + timeout
    }

    func run(_ test: CategoryTest) async {
        results.append(await test.run(until: end, timeout: timeout, clock: clock))
    }

    /// Prints, keeps and publishes the results, once.
    @discardableResult
    func report() async throws -> [CategoryResult] {
        if !isReported {
            isReported = true
            try await output.write(results, web: web) { text in
                // At once, for those who read it while the command stays.
                try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
            }
        }
        return results
    }
}

/// `--test-cases`; not of `all`.
struct CaseOptions: ParsableArguments {
    @Option(help: "Cases to run, comma-separated; all if not given.") var testCases: [String] = []

    static let names = ["test-cases"]

    var selection: [String] { list(testCases) }
}
