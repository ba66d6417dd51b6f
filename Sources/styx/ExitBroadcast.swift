import ArgumentParser
import ClusterSetup
import Cosigning

struct ExitBroadcast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broadcast", abstract: "Publish exits that enough operators have signed. This is for good.",
        discussion: "Takes them from where operators left them, or from files that `exit fetch` wrote.")

    @OptionGroup var cluster: CosigningOptions
    @OptionGroup var seat: SeatOptions
    @OptionGroup var beacon: BeaconOptions
    @OptionGroup var publish: PublishOptions
    @OptionGroup var log: LoggingOptions
    @OptionGroup var choice: ChoiceOptions
    @Option(help: "Not needed here: accepted, ignored.") var validatorKeysDir = ""
    @Option(help: "For `exit sign`: accepted, ignored. The exit says its epoch.") var exitEpoch = ""
    @Option(help: "File with the exit of --validator-public-key.") var exitFromFile = ""
    @Option(help: "Directory with files exit-0x….json, for --all.") var exitFromDir = ""
    @Flag(help: "Look at everything and say what would be published; publish nothing.") var dryRun = false

    static let flags = EnvironmentArguments.Flags(
        options: CosigningOptions.names + SeatOptions.names + BeaconOptions.names + PublishOptions.names
            + LoggingOptions.names + ChoiceOptions.names
            + ["validator-keys-dir", "exit-epoch", "exit-from-file", "exit-from-dir"],
        switches: ChoiceOptions.switches + ["dry-run"])

    func run() async throws {
        try await failing("exit broadcast") {
            var files = cluster.files
            seat.add(to: &files)
            beacon.add(to: &files)
            let (choice, publish, dryRun) = (try choice.choice(), try publish.service(), dryRun)
            let (file, directory, sealed) = (exitFromFile, exitFromDir, files)
            if !file.isEmpty, choice == .all {
                throw CommandFailure("--exit-from-file goes with --validator-public-key")
            }
            if !directory.isEmpty, choice != .all { throw CommandFailure("--exit-from-dir goes with --all") }
            try await Exits.with(files, beacon, log) { exits, web in
                var source = ExitSource.file(file)
                if file.isEmpty {
                    source = directory.isEmpty ? .api(publish.api(web), try exits.seat(sealed)) : .directory(directory)
                }
                try await exits.broadcast(choice, from: source, isDryRun: dryRun)
            }
        }
    }
}
