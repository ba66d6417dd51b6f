import ArgumentParser
import Cluster
import ClusterSetup
import DKG
import Foundation
import KeyCeremony
import Logging
import Program

/// Flags of every edit. Source: spec/cli-create.md §11.
struct EditOptions: ParsableArguments {
    @Option(help: "This operator's identity key.") var privateKeyFile = ".charon/\(IdentityKeyFile.name)"
    @Option(help: "Cluster lock of the cluster as it is.") var lockFile = ".charon/\(LockFile.name)"
    @Option(help: "This operator's key shares. A new operator has none.")
    var validatorKeysDir = ".charon/\(KeystoreDirectory.name)"
    @Option(help: "Where the changed cluster's files go, all or none; absent or empty.")
    var outputDir = EditOutput.defaultDirectory
    @Option(help: "How long others may take in a phase of the ceremony, e.g. 2m; at least 1m.", transform: duration)
    var timeout = Duration.seconds(60)
    @Flag(help: "Turn failed verifications of the lock into warnings.") var noVerify = false
    @Option(help: "How long to stay for others who have not hung up at the end, at most, e.g. 5s.", transform: duration)
    var shutdownDelay = Duration.seconds(5)
    @Option(help: "Execution client that is asked about signatures of contract wallets.")
    var executionClientRpcEndpoint = ""
    @Flag(help: "Publish the new lock.") var publish = false
    @Option(help: "Where to publish.") var publishAddress = ObolAPI.defaultAddress
    @Option(help: "How long that service may take to answer, e.g. 1m.", transform: duration)
    var publishTimeout = Duration.seconds(60)
    @Flag(help: "Show the cluster before and after, and what would be written; send and write nothing.")
    var dryRun = false
    @Option(
        help: """
            Charon release that all operators run: v1.10 (up to v1.11.0-rc2) or v1.11. By the lock's version if not given.
            """)
    var compat: Compat?
    @OptionGroup var testnet: TestnetOptions
    @OptionGroup var network: PeerNetworkOptions

    static let names =
        [
            "private-key-file", "lock-file", "validator-keys-dir", "output-dir", "timeout", "shutdown-delay",
            "execution-client-rpc-endpoint", "publish-address", "publish-timeout", "compat",
        ] + TestnetOptions.names + PeerNetworkOptions.names
    static let switches = ["no-verify", "publish", "dry-run"] + PeerNetworkOptions.switches

    static func flags(_ options: [String] = [], switches: [String] = []) -> EnvironmentArguments.Flags {
        EnvironmentArguments.Flags(
            options: options + names, switches: switches + Self.switches, noneIfEmpty: ["p2p-relays"])
    }

    /// - Parameter change: what only some edits have.
    func run(
        _ name: String, _ kind: ClusterEdit.Request.Kind, change: (inout ClusterEdit.Request) -> Void = { _ in }
    ) async throws {
        var request = request(kind)
        change(&request)
        let asked = request
        let opening = ProgressBar("opening keystores")
        guard !dryRun else {
            let edit = try await failing("alpha edit \(name)") {
                try await untilInterrupted {
                    try await WebClient.with { web in try await ClusterEdit(asked, web: web, progress: opening.update) }
                }
            }
            print(EditPreview(edit).text, terminator: "")
            return
        }
        let logger = try network.logger("dkg")
        let ceremony = ceremony
        try await CeremonyTerminal(logger).hold(
            "alpha edit \(name)", notesIn: FileAccess.parent(of: outputDir), elseLeft: "Nothing was changed.",
            always: " The cluster in use is as it was."
        ) { hooks, web in
            let edit = try await ClusterEdit(asked, web: web, progress: opening.update)
            for warning in edit.warnings { note("warning: \(warning)") }
            return try await EditCeremony(edit, ceremony, web: web, hooks: hooks, logger: logger).run()
        }
    }

    private func request(_ kind: ClusterEdit.Request.Kind) -> ClusterEdit.Request {
        var request = ClusterEdit.Request(kind)
        request.lockFile = lockFile
        request.privateKeyFile = privateKeyFile
        request.validatorKeysDirectory = validatorKeysDir
        request.outputDirectory = outputDir
        request.isVerifying = !noVerify
        request.executionEndpoint = executionClientRpcEndpoint
        request.network = testnet.flags
        request.timeout = timeout
        request.concurrency = ProcessInfo.processInfo.activeProcessorCount
        return request
    }

    private var ceremony: EditCeremony.Request {
        var request = EditCeremony.Request()
        request.publishes = publish
        request.publishAddress = publishAddress
        request.publishTimeout = publishTimeout
        request.shutdownDelay = shutdownDelay
        request.release = compat?.ceremonyRelease
        request.relays = list(network.p2pRelays)
        network.fill(&request.node)
        return request
    }
}
