import ArgumentParser
import Cluster
import ClusterSetup
import Cosigning
import Ethereum
import Logging

struct ExitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exit",
        abstract: "Let validators of the cluster leave the chain, for good.",
        discussion: """
            As many operators as the cluster's threshold run `exit sign`, for the same epoch; what they signed is kept at \
            --publish-address. Then one of them runs `exit broadcast`. Or as many run `exit request`, and the nodes do the rest. \
            Nobody can take that back.
            """,
        subcommands: [
            ExitList.self, ExitRequest.self, ExitSign.self, ExitBroadcast.self, ExitFetch.self, ExitDelete.self,
        ])
}

/// The flags that say which validators are meant, for commands that take one or all.
struct ChoiceOptions: ParsableArguments {
    @Option(help: "Public key of the validator.") var validatorPublicKey = ""
    @Flag(help: "All validators of the cluster.") var all = false

    static let names = ["validator-public-key"]
    static let switches = ["all"]

    func choice() throws -> Exits.Choice {
        guard all == validatorPublicKey.isEmpty else {
            throw CommandFailure("give either --validator-public-key or --all\(all ? ", not both" : "")")
        }
        return all ? .all : .validator(try publicKey(validatorPublicKey, "--validator-public-key"))
    }
}

extension Exits {
    /// Until done or interrupted, with everything that these commands need.
    static func with(
        _ files: ClusterFiles, _ beacon: BeaconOptions, _ log: LoggingOptions,
        _ body: @escaping @Sendable (Exits, WebClient) async throws -> Void
    ) async throws {
        let (nodes, logger) = (beacon.nodes, try log.logger())
        // A typo in it should show at once, not after the work on the lock.
        _ = try nodes.configuration()
        try await untilInterrupted {
            try await WebClient.with { web in
                let cluster = try await VerifiedCluster(files, web: web)
                try await nodes.with(logger: logger) { client in
                    let chain = try await ExitChain(client, cluster, notes: .console)
                    try await body(Exits(cluster, chain, notes: .console), web)
                }
            }
        }
    }
}
