import ArgumentParser
import ClusterSetup
import Cosigning

struct ExitFetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Write exits that enough operators have signed into files, for later.",
        discussion: "Whoever has such a file can make the validator exit, by `exit broadcast` or any beacon node.")

    @OptionGroup var cluster: CosigningOptions
    @OptionGroup var seat: SeatOptions
    @OptionGroup var beacon: BeaconOptions
    @OptionGroup var publish: PublishOptions
    @OptionGroup var log: LoggingOptions
    @OptionGroup var choice: ChoiceOptions
    @Option(help: "Directory for files exit-0x….json. It must exist.") var fetchedExitPath = "./"

    static let flags = EnvironmentArguments.Flags(
        options: CosigningOptions.names + SeatOptions.names + BeaconOptions.names + PublishOptions.names
            + LoggingOptions.names + ChoiceOptions.names + ["fetched-exit-path"],
        switches: ChoiceOptions.switches)

    func run() async throws {
        try await failing("exit fetch") {
            var files = cluster.files
            seat.add(to: &files)
            beacon.add(to: &files)
            let (choice, publish, directory, sealed) = (
                try choice.choice(), try publish.service(), fetchedExitPath, files
            )
            try await Exits.with(files, beacon, log) { exits, web in
                try await exits.fetch(choice, to: directory, from: publish.api(web), seat: exits.seat(sealed))
            }
        }
    }
}
