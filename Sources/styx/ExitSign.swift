import ArgumentParser
import Cosigning
import Ethereum
import Program

struct ExitSign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign exits with this operator's key shares, for the other operators.",
        discussion: """
            Give --validator-public-key, --validator-index or --all. With both of the first two the beacon node is not asked \
            about the validator.
            """)

    @OptionGroup var cluster: CosigningOptions
    @OptionGroup var seat: SeatOptions
    @OptionGroup var shares: ShareOptions
    @OptionGroup var beacon: BeaconOptions
    @OptionGroup var publish: PublishOptions
    @OptionGroup var log: LoggingOptions
    @Option(help: "Public key of the validator.") var validatorPublicKey = ""
    @Option(help: "Index of the validator on the chain.") var validatorIndex: UInt64?
    @Flag(help: "All validators that are pending or active.") var all = false
    @Option(help: "Epoch from which the exit holds. All operators must give the same.") var exitEpoch: UInt64 = 194_048
    @Flag(help: "Look at everything and say what would be signed; sign and send nothing.") var dryRun = false

    static let flags = EnvironmentArguments.Flags(
        options: CosigningOptions.names + SeatOptions.names + ShareOptions.names + BeaconOptions.names
            + PublishOptions.names + LoggingOptions.names + ["validator-public-key", "validator-index", "exit-epoch"],
        switches: ShareOptions.switches + ["all", "dry-run"])

    func run() async throws {
        try await failing("exit sign") {
            var files = cluster.files
            seat.add(to: &files)
            try shares.add(to: &files)
            beacon.add(to: &files)
            let (choice, publish, epoch, dryRun) = (try choice(), try publish.service(), Epoch(exitEpoch), dryRun)
            let sealed = files
            try await Exits.with(files, beacon, log) { exits, web in
                try await exits.sign(
                    choice, epoch: epoch, seat: exits.seat(sealed), api: publish.api(web), now: SystemClock.now(),
                    isDryRun: dryRun)
            }
            guard !dryRun else { return }
            note(nextSteps: [
                "When as many operators as the threshold have done the same, one runs: styx exit broadcast"
            ])
        }
    }

    func choice() throws -> Exits.Choice {
        let index = validatorIndex.map { ValidatorIndex($0) }
        switch (all, validatorPublicKey.isEmpty, index) {
        case (true, true, nil): return .all
        case (true, _, _): throw CommandFailure("--all goes neither with --validator-public-key nor --validator-index")
        case (false, true, nil):
            throw CommandFailure("say which validators: --validator-public-key, --validator-index or --all")
        case (false, true, let index?): return .index(index)
        case (false, false, nil): return .validator(try publicKey(validatorPublicKey, "--validator-public-key"))
        case (false, false, let index?):
            return .both(try publicKey(validatorPublicKey, "--validator-public-key"), index)
        }
    }
}
