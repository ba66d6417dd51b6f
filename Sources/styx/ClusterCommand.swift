import ArgumentParser
import ClusterSetup

struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Look at cluster files.", subcommands: [ClusterInspect.self])
}

struct ClusterInspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in a cluster lock or definition, and check all of it.",
        discussion: "Ends with status 0 only if every check holds.")

    @Argument(help: "Lock or definition: a path, or an http(s) URL.") var file: String
    @Flag(help: "Show every validator.") var all = false
    @Flag(help: "Print JSON, with everything in it.") var json = false
    @Option(help: "Execution client that is asked about signatures of contract wallets.")
    var executionClientRpcEndpoint = ""
    @OptionGroup var network: NetworkOptions

    static let flags = EnvironmentArguments.Flags(
        options: ["execution-client-rpc-endpoint"] + NetworkOptions.names, switches: ["all", "json"])

    func run() async throws {
        let isSound = try await failing("cluster inspect") {
            let (file, flags, endpoint) = (file, network.flags, executionClientRpcEndpoint)
            let inspection = try await untilInterrupted {
                try await WebClient.with { web in
                    try await ClusterInspection.load(file, network: flags, executionEndpoint: endpoint, web: web)
                }
            }
            print(json ? inspection.json + "\n" : inspection.text(showsAll: all), terminator: "")
            return inspection.isSound
        }
        if !isSound { throw ExitCode(1) }
    }
}
