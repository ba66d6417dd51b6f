import ArgumentParser
import ClusterSetup
import Cosigning

struct ExitDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Take back what this operator signed, before it is published.",
        discussion: "Other operators may have fetched it already.")

    @OptionGroup var cluster: CosigningOptions
    @OptionGroup var seat: SeatOptions
    @OptionGroup var publish: PublishOptions
    @OptionGroup var log: LoggingOptions
    @OptionGroup var choice: ChoiceOptions
    @Option(help: "Private test network: not needed here, accepted, ignored.") var testnetCapellaHardFork = ""

    static let flags = EnvironmentArguments.Flags(
        options: CosigningOptions.names + SeatOptions.names + PublishOptions.names + LoggingOptions.names
            + ChoiceOptions.names + ["testnet-capella-hard-fork"],
        switches: ChoiceOptions.switches)

    func run() async throws {
        try await failing("exit delete") {
            var files = cluster.files
            seat.add(to: &files)
            let (choice, publish, sealed) = (try choice.choice(), try publish.service(), files)
            try await untilInterrupted {
                try await WebClient.with { web in
                    let cluster = try await VerifiedCluster(sealed, web: web)
                    try await Exits.delete(
                        choice, in: cluster, from: publish.api(web), seat: Seat(cluster, sealed), notes: .console)
                }
            }
        }
    }
}
