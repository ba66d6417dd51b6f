import ArgumentParser
import Diagnostics

struct TestValidator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validator", abstract: "Test the connection to the validator client.")

    @OptionGroup var validator: ValidatorTestOptions
    @OptionGroup var cases: CaseOptions
    @OptionGroup var common: TestOptions

    static let flags = EnvironmentArguments.Flags(
        options: ValidatorTestOptions.names + CaseOptions.names + TestOptions.names, switches: TestOptions.switches)

    func run() async throws {
        let (validator, selection) = (validator, cases.selection)
        try await common.run("validator") { session in await session.run(try validator.test(selection, session)) }
    }
}

struct ValidatorTestOptions: ParsableArguments {
    @Option(help: "Where the validator client listens, host:port.") var validatorApiAddress = "127.0.0.1:3600"
    @Option(help: "How long to load it, e.g. 5s.", transform: duration) var loadTestDuration = Duration.seconds(5)

    static let names = ["validator-api-address", "load-test-duration"]

    func test(_ selection: [String], _ session: TestSession, prefix: String = "") throws -> CategoryTest {
        let address = try TCPAddress(validatorApiAddress, flag: prefix + "validator-api-address")
        return try ValidatorTest(address: address, loadDuration: loadTestDuration, clock: session.clock)
            .test(selection: selection)
    }
}
