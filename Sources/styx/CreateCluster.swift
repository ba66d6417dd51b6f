import ArgumentParser
import Cluster
import ClusterSetup
import Foundation
import Program

struct CreateCluster: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Create a whole cluster as a trusted dealer: keys, lock and deposits of every node.",
        discussion: """
            Whoever runs this holds every key for a moment. Operators who do not trust each other use `create dkg` and a \
            key ceremony instead.

            Smallest example: styx create cluster --nodes 4 --num-validators 1 --network hoodi \
            --fee-recipient-addresses 0x… --withdrawal-addresses 0x…
            """)

    @Option(help: "Name of the cluster.") var name = ""
    @Option(help: "Target directory; node0, node1, … are made in it.") var clusterDir = "./"
    @Option(help: "Definition to follow, path or http(s) URL. It overrides what other flags say about the cluster.")
    var definitionFile = ""
    @Option(help: "Number of nodes, at least 3.") var nodes = 0
    @Option(name: [.long, .customShort("t")], help: "Shares needed to sign; ceil(2n/3) if not given.") var threshold = 0
    @Option(help: "Number of validators.") var numValidators = 0
    @Option(help: "Fee recipients, comma-separated: one, or one per validator.")
    var feeRecipientAddresses: [String] = []
    @Option(help: "Withdrawal addresses, comma-separated: one, or one per validator.")
    var withdrawalAddresses: [String] = []
    @OptionGroup var network: NetworkOptions
    @Flag(help: "Split validator keys that exist already, instead of making new ones.") var splitExistingKeys = false
    @Option(help: "Keystores (EIP-2335) to split, with their passwords in .txt files.") var splitKeysDir = ""
    @Option(help: "Keymanager APIs that get the key shares instead of the disk, comma-separated: one per node.")
    var keymanagerAddresses: [String] = []
    @Option(help: "Their bearer tokens, in the same order.") var keymanagerAuthTokens: [String] = []
    @Option(help: "Partial deposits in whole ETH, comma-separated.") var depositAmounts: [String] = []
    @Option(help: "Preferred consensus protocol: qbft.") var consensusProtocol = ""
    @Option(help: "Gas limit of the builder registrations.") var targetGasLimit: UInt64 = 60_000_000
    @Flag(help: "Compounding validators (0x02 withdrawal credentials).") var compounding = false
    @Flag(help: "Keystores that open fast. For test networks only.") var insecureKeys = false
    @Flag(help: "Publish the lock, so that the launchpad shows the cluster.") var publish = false
    @Option(help: "Where to publish.") var publishAddress = ObolAPI.defaultAddress
    @Option(help: "Execution client that is asked about signatures of contract wallets.")
    var executionClientRpcEndpoint = ""
    @Flag(help: "Pack everything into cluster.tar.gz instead of directories.") var zipped = false
    @Option(help: "Charon release whose file version to write: v1.10 or v1.11.") var compat = Compat.v1_10

    static let flags = EnvironmentArguments.Flags(
        options: [
            "name", "cluster-dir", "definition-file", "nodes", "threshold", "num-validators",
            "fee-recipient-addresses", "withdrawal-addresses", "split-keys-dir", "keymanager-addresses",
            "keymanager-auth-tokens", "deposit-amounts", "consensus-protocol", "target-gas-limit", "publish-address",
            "execution-client-rpc-endpoint", "compat",
        ] + NetworkOptions.names,
        switches: ["split-existing-keys", "compounding", "insecure-keys", "publish", "zipped"])

    func run() async throws {
        try await failing("create cluster") {
            let request = try request()
            warnAboutIgnoredFlags()
            let bars: [ProgressBar] = ["opening keystores", "encrypting key shares", "importing key shares"]
                .map { ProgressBar($0) }
            let outcome = try await untilInterrupted {
                try await WebClient.with { web in
                    try await TrustedDealer(request, now: SystemClock.now(), web: web) { step, done, total in
                        switch step {
                        case .opening: bars[0].update(done, total)
                        case .encrypting: bars[1].update(done, total)
                        case .importing: bars[2].update(done, total)
                        }
                    }.deal()
                }
            }
            print(outcome.summary, terminator: "")
            for warning in outcome.warnings { note("warning: \(warning)") }
            note(nextSteps: outcome.nextSteps)
        }
    }

    private func request() throws -> TrustedDealer.Request {
        var request = TrustedDealer.Request()
        request.cluster.name = name
        request.cluster.nodes = nodes
        request.cluster.threshold = threshold == 0 ? nil : threshold
        request.cluster.validators = numValidators
        request.cluster.feeRecipients = list(feeRecipientAddresses)
        request.cluster.withdrawalAddresses = list(withdrawalAddresses)
        request.cluster.insecureKeys = insecureKeys
        request.cluster.depositAmounts = try ethAmounts(depositAmounts)
        request.cluster.targetGasLimit = targetGasLimit
        request.cluster.compounding = compounding
        request.cluster.consensusProtocol = consensusProtocol
        request.cluster.version = compat.fileVersion
        request.network = network.flags
        request.directory = clusterDir
        request.definitionFile = definitionFile
        request.splitsKeys = splitExistingKeys
        request.splitKeysDirectory = splitKeysDir
        request.keymanagerAddresses = list(keymanagerAddresses)
        request.keymanagerTokens = list(keymanagerAuthTokens)
        request.publishes = publish
        request.publishAddress = publishAddress
        request.executionEndpoint = executionClientRpcEndpoint
        request.isZipped = zipped
        request.concurrency = ProcessInfo.processInfo.activeProcessorCount
        return request
    }

    private func warnAboutIgnoredFlags() {
        network.warnIfIncomplete()
        for address in list(keymanagerAddresses) {
            guard let url = try? ServiceURL(address), !url.isEncrypted, !url.isLoopback else { continue }
            note("warning: \(url) is not encrypted: token and keys can be read on the way; use https://")
        }
        if !splitExistingKeys, !splitKeysDir.isEmpty {
            note("warning: --split-keys-dir does nothing without --split-existing-keys: new keys are made")
        }
        if definitionFile.isEmpty { return warn(threshold: threshold, nodes: nodes) }
        let ignored = [
            ("--name", !name.isEmpty), ("--nodes", nodes != 0), ("--threshold", threshold != 0),
            ("--num-validators", numValidators != 0), ("--fee-recipient-addresses", !feeRecipientAddresses.isEmpty),
            ("--withdrawal-addresses", !withdrawalAddresses.isEmpty), ("--deposit-amounts", !depositAmounts.isEmpty),
            ("--consensus-protocol", !consensusProtocol.isEmpty), ("--compounding", compounding),
        ].filter(\.1).map(\.0)
        if !ignored.isEmpty {
            note("warning: the definition file decides; ignored: \(ignored.joined(separator: ", "))")
        }
    }
}
