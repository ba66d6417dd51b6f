import ArgumentParser
import Cluster
import ClusterSetup
import Cosigning
import Foundation
import Program

struct DepositCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deposit",
        abstract: "Sign more deposits for validators of the cluster.",
        discussion: """
            As many operators as the cluster's threshold run `deposit sign` with the same amounts and withdrawal addresses. \
            Then one of them runs `deposit fetch` and takes the files to the launchpad.
            """,
        subcommands: [DepositSign.self, DepositFetch.self])
}

struct DepositSign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign deposits with this operator's key shares, for the other operators.")

    @OptionGroup var cluster: CosigningOptions
    @OptionGroup var seat: SeatOptions
    @OptionGroup var shares: ShareOptions
    @OptionGroup var publish: PublishOptions
    @Option(help: "Public keys of the validators, comma-separated.") var validatorPublicKeys: [String] = []
    @Option(
        help: """
            Where withdrawals go, comma-separated: one, or one per validator. An address of 20 bytes, or withdrawal \
            credentials of 32.
            """)
    var withdrawalAddresses: [String] = []
    @Option(help: "Amounts in whole ETH, comma-separated. Default: 32.") var depositAmounts: [String] = []

    static let flags = EnvironmentArguments.Flags(
        options: CosigningOptions.names + SeatOptions.names + ShareOptions.names + PublishOptions.names
            + ["validator-public-keys", "withdrawal-addresses", "deposit-amounts"],
        switches: ShareOptions.switches)

    func run() async throws {
        try await failing("deposit sign") {
            var files = cluster.files
            seat.add(to: &files)
            try shares.add(to: &files)
            let (pubKeys, withdrawals) = (try publicKeys(validatorPublicKeys), list(withdrawalAddresses))
            guard !withdrawals.isEmpty else { throw CommandFailure("--withdrawal-addresses is missing") }
            let given = try ethAmounts(depositAmounts)
            let (amounts, publish, sealed) = (given.isEmpty ? [32] : given, try publish.service(), files)
            try await untilInterrupted {
                try await WebClient.with { web in
                    let cluster = try await VerifiedCluster(sealed, web: web)
                    try await Deposits(cluster, publish.api(web), notes: .console)
                        .sign(pubKeys, withdrawals: withdrawals, amounts: amounts, seat: Seat(cluster, sealed))
                }
            }
            note(nextSteps: [
                "When as many operators as the threshold have done the same, one runs: styx deposit fetch"
            ])
        }
    }
}

struct DepositFetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Write deposits that enough operators have signed into files.")

    private static let placeholder = "<TIMESTAMP>"

    @OptionGroup var cluster: CosigningOptions
    @OptionGroup var seat: SeatOptions
    @OptionGroup var publish: PublishOptions
    @Option(help: "Not needed here: accepted, ignored.") var validatorKeysDir = ""
    @Option(help: "Public keys of the validators, comma-separated.") var validatorPublicKeys: [String] = []
    @Option(help: "Directory for the files, made if missing. <TIMESTAMP> stands for the local time.")
    var depositDataDir = ".charon/deposit-data-<TIMESTAMP>"

    static let flags = EnvironmentArguments.Flags(
        options: CosigningOptions.names + SeatOptions.names + PublishOptions.names
            + ["validator-keys-dir", "validator-public-keys", "deposit-data-dir"])

    func run() async throws {
        try await failing("deposit fetch") {
            let now = SystemClock.now()
            let offset = TimeZone.current.secondsFromGMT(for: Date(timeIntervalSince1970: Double(now.unixSeconds)))
            let directory = depositDataDir.replacing(
                Self.placeholder, with: RFC3339.seconds(now, secondsEastOfUTC: offset))
            let (files, pubKeys, publish) = (cluster.files, try publicKeys(validatorPublicKeys), try publish.service())
            try await untilInterrupted {
                try await WebClient.with { web in
                    let cluster = try await VerifiedCluster(files, web: web)
                    try await Deposits(cluster, publish.api(web), notes: .console).fetch(pubKeys, to: directory)
                }
            }
        }
    }
}
