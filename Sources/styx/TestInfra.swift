import ArgumentParser
import Diagnostics
import Foundation

struct TestInfra: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "infra", abstract: "Test this machine.",
        discussion: """
            The disk is tested with the program fio, if it is there. Tests of the connection to the Internet are not in \
            this version.
            """)

    @OptionGroup var infra: InfraTestOptions
    @OptionGroup var cases: CaseOptions
    @OptionGroup var common: TestOptions

    static let flags = EnvironmentArguments.Flags(
        options: InfraTestOptions.names + CaseOptions.names + TestOptions.names, switches: TestOptions.switches)

    func run() async throws {
        let (infra, selection) = (infra, cases.selection)
        try await common.run("infra") { session in await session.run(try infra.test(selection)) }
    }
}

struct InfraTestOptions: ParsableArguments {
    @Option(help: "Directory to test the disk in; this user's if not given.") var diskIoTestFileDir = ""
    @Option(help: "Block size of the disk's tests, in kB.") var diskIoBlockSizeKb = 4096
    @Option(help: .hidden) var internetTestServersOnly: [String] = []
    @Option(help: .hidden) var internetTestServersExclude: [String] = []

    static let names = [
        "disk-io-test-file-dir", "disk-io-block-size-kb", "internet-test-servers-only",
        "internet-test-servers-exclude",
    ]

    func test(_ selection: [String], prefix: String = "") throws -> CategoryTest {
        for (flag, values) in [
            ("internet-test-servers-only", internetTestServersOnly),
            ("internet-test-servers-exclude", internetTestServersExclude),
        ] where !list(values).isEmpty {
            throw CommandFailure(
                "--\(prefix)\(flag): tests of the connection to the Internet are not in this version; leave it out")
        }
        var options = InfraTest.Options()
        if !diskIoTestFileDir.isEmpty { options.diskDirectory = diskIoTestFileDir }
        options.blockKilobytes = diskIoBlockSizeKb
        try options.validate(prefix: prefix)
        let absent = InfraTest.absentCases.filter { selection.isEmpty || selection.contains($0) }
        if !absent.isEmpty { note("not in this version: \(absent.joined(separator: ", "))") }
        return try InfraTest(options).test(selection: selection)
    }
}
