import ArgumentParser
import Cosigning

struct ExitList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "active-validator-list", abstract: "Show the cluster's validators that can exit.",
        aliases: ["list"])

    @OptionGroup var cluster: CosigningOptions
    @OptionGroup var beacon: BeaconOptions
    @OptionGroup var log: LoggingOptions
    @Flag(help: "Print public keys only.") var plaintext = false

    static let flags = EnvironmentArguments.Flags(
        options: CosigningOptions.names + BeaconOptions.names + LoggingOptions.names, switches: ["plaintext"])

    func run() async throws {
        try await failing("exit list") {
            var files = cluster.files
            beacon.add(to: &files)
            let plaintext = plaintext
            try await Exits.with(files, beacon, log) { exits, _ in try await exits.list(plaintext: plaintext) }
        }
    }
}
