import ArgumentParser
import ClusterSetup
import Cosigning
import Ethereum
import Program

struct ExitRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Leave exits with this operator's running node, which publishes them when enough operators have.",
        discussion: """
            Needs no service in between. The nodes keep what operators requested, over days and restarts, and tell each other \
            again every epoch. When as many operators as the threshold have requested the same exit, for the same epoch, \
            the nodes publish it at once. Nobody can take that back.
            """)

    @OptionGroup var cluster: CosigningOptions
    @OptionGroup var seat: SeatOptions
    @OptionGroup var shares: ShareOptions
    @OptionGroup var beacon: BeaconOptions
    @OptionGroup var log: LoggingOptions
    @OptionGroup var choice: ChoiceOptions
    @Option(help: "Epoch from which the exit holds; it must have begun. All operators must give the same.")
    var exitEpoch: UInt64 = 194_048
    @Option(help: "Validator API of this operator's node: ip:port as with styx run, or a URL.")
    var validatorApiAddress = RunningNode.defaultAddress
    @Option(
        help: "Certificates that the validator API's is traced back to, or itself if it is self-signed, a PEM file.")
    var validatorApiCaFile = ""
    @Flag(help: "Look at everything and say what would be requested; sign and send nothing.") var dryRun = false

    static let flags = EnvironmentArguments.Flags(
        options: CosigningOptions.names + SeatOptions.names + ShareOptions.names + BeaconOptions.names
            + LoggingOptions.names + ChoiceOptions.names + [
                "exit-epoch", "validator-api-address", "validator-api-ca-file",
            ],
        switches: ShareOptions.switches + ChoiceOptions.switches + ["dry-run"])

    func run() async throws {
        try await failing("exit request") {
            var files = cluster.files
            seat.add(to: &files)
            try shares.add(to: &files)
            beacon.add(to: &files)
            let (choice, epoch, address, dryRun, sealed) = (
                try choice.choice(), Epoch(exitEpoch), validatorApiAddress, dryRun, files
            )
            let trust = try RunningNode.trust(validatorApiCaFile, address: address)
            try await Exits.with(files, beacon, log) { exits, _ in
                try await WebClient.with(trust: trust) { web in
                    try await exits.request(
                        choice, epoch: epoch, seat: exits.seat(sealed), node: RunningNode(address, web: web),
                        now: SystemClock.now(), isDryRun: dryRun)
                }
            }
        }
    }
}
