import ArgumentParser
import Cluster
import ClusterSetup
import Cosigning
import Program

struct FeeRecipientCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "feerecipient",
        abstract: "Change whom the blocks of the cluster's validators pay.",
        discussion: """
            As many operators as the cluster's threshold run `feerecipient sign` with the same address. Then every operator \
            runs `feerecipient fetch`, or has the node do it by itself: styx run --fetch-feerecipient-updates.
            """,
        subcommands: [FeeRecipientSign.self, FeeRecipientFetch.self, FeeRecipientList.self])
}

/// Flags of all three.
struct FeeRecipientOptions: ParsableArguments {
    @OptionGroup var cluster: CosigningOptions
    @OptionGroup var publish: PublishOptions
    @Option(help: "Builder registrations, signed by the cluster, that replace those of the lock.")
    var overridesFile = ".charon/\(RegistrationOverrides.name)"
    @Option(help: "Public keys of the validators, comma-separated.") var validatorPublicKeys: [String] = []

    static let names =
        CosigningOptions.names + PublishOptions.names + ["overrides-file", "validator-public-keys"]

    /// Until done or interrupted.
    func with(
        _ files: ClusterFiles, _ body: @escaping @Sendable (FeeRecipients, VerifiedCluster) async throws -> Void
    ) async throws {
        let (publish, overridesFile) = (try publish.service(), overridesFile)
        try await untilInterrupted {
            try await WebClient.with { web in
                let cluster = try await VerifiedCluster(files, web: web)
                try await body(
                    FeeRecipients(cluster, publish.api(web), overridesFile: overridesFile, notes: .console), cluster)
            }
        }
    }
}

struct FeeRecipientSign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign the change with this operator's key shares, for the other operators.",
        discussion: "If another operator began the same change, this one joins it, whatever the flags say otherwise.")

    @OptionGroup var options: FeeRecipientOptions
    @OptionGroup var seat: SeatOptions
    @OptionGroup var shares: ShareOptions
    @Option(help: "Address that blocks shall pay.") var feeRecipient = ""
    @Option(help: "Gas limit of blocks. 0: as before.") var gasLimit: UInt64 = 0
    @Option(help: "Time of the change, Unix seconds. 0: now.") var timestamp: UInt64 = 0

    static let flags = EnvironmentArguments.Flags(
        options: FeeRecipientOptions.names + SeatOptions.names + ShareOptions.names
            + ["fee-recipient", "gas-limit", "timestamp"],
        switches: ShareOptions.switches)

    func run() async throws {
        try await failing("feerecipient sign") {
            guard !feeRecipient.isEmpty else { throw CommandFailure("--fee-recipient is missing") }
            var files = options.cluster.files
            seat.add(to: &files)
            try shares.add(to: &files)
            let (pubKeys, address) = (try publicKeys(options.validatorPublicKeys), feeRecipient)
            let (gasLimit, timestamp, sealed) = (gasLimit, timestamp, files)
            try await options.with(files) { feeRecipients, cluster in
                try await feeRecipients.sign(
                    pubKeys, feeRecipient: address, gasLimit: gasLimit, timestamp: timestamp,
                    seat: Seat(cluster, sealed), now: SystemClock.now())
            }
        }
    }
}

struct FeeRecipientFetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Take what enough operators have signed into the overrides file.",
        discussion: "A running node reads that file again by itself.")

    @OptionGroup var options: FeeRecipientOptions

    static let flags = EnvironmentArguments.Flags(options: FeeRecipientOptions.names)

    func run() async throws {
        try await failing("feerecipient fetch") {
            let pubKeys = try publicKeys(options.validatorPublicKeys)
            try await options.with(options.cluster.files) { feeRecipients, _ in try await feeRecipients.fetch(pubKeys) }
        }
    }
}

struct FeeRecipientList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show whom the blocks of each validator pay, and where that is said.")

    @OptionGroup var options: FeeRecipientOptions

    static let flags = EnvironmentArguments.Flags(options: FeeRecipientOptions.names)

    func run() async throws {
        try await failing("feerecipient list") {
            let pubKeys = try publicKeys(options.validatorPublicKeys)
            try await options.with(options.cluster.files) { feeRecipients, _ in try await feeRecipients.list(pubKeys) }
        }
    }
}
