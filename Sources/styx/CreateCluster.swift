import ArgumentParser
import Cluster
import Ethereum
import Foundation
import Node

struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create what a cluster needs.", subcommands: [CreateCluster.self])
}

struct CreateCluster: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Create a whole cluster as a trusted dealer: keys, lock and deposits of every node.",
        discussion: """
            Whoever runs this holds every key for a moment. For operators who do not trust each other use a key ceremony.
            """)

    @Option(help: "Name of the cluster.") var name = ""
    @Option(help: "Target directory; node0, node1, … are made in it.") var clusterDir = "./"
    @Option(help: "Number of nodes, at least 3.") var nodes = 0
    @Option(name: [.long, .customShort("t")], help: "Shares needed to sign; ceil(2n/3) if not given.") var threshold = 0
    @Option(help: "Number of validators.") var numValidators = 0
    @Option(help: "Fee recipients, comma-separated: one, or one per validator.") var feeRecipientAddresses: [String] =
        []
    @Option(help: "Withdrawal addresses, comma-separated: one, or one per validator.")
    var withdrawalAddresses: [String] = []
    @Option(help: "mainnet, hoodi, sepolia, gnosis, chiado, goerli, holesky.") var network = "mainnet"
    @Option(help: "Partial deposits in whole ETH, comma-separated.") var depositAmounts: [String] = []
    @Option(help: "Gas limit of the builder registrations.") var targetGasLimit: UInt64 = 60_000_000
    @Option(help: "Preferred consensus protocol: qbft.") var consensusProtocol = ""
    @Flag(help: "Compounding validators (0x02 withdrawal credentials).") var compounding = false
    @Flag(help: "Keystores that open fast. For test networks only.") var insecureKeys = false
    @Option(help: "Custom test network: name.") var testnetName = ""
    @Option(help: "Custom test network: genesis fork version, e.g. 0x10000038.") var testnetForkVersion = ""
    @Option(help: "Custom test network: chain id.") var testnetChainId: UInt64 = 0
    @Option(help: "Custom test network: genesis time, Unix seconds.") var testnetGenesisTimestamp: UInt64 = 0

    static let flags = EnvironmentArguments.Flags(
        options: [
            "name", "cluster-dir", "nodes", "threshold", "num-validators", "fee-recipient-addresses",
            "withdrawal-addresses", "network", "deposit-amounts", "target-gas-limit", "consensus-protocol",
            "testnet-name",
            "testnet-fork-version", "testnet-chain-id", "testnet-genesis-timestamp",
        ], switches: ["compounding", "insecure-keys"])

    func run() throws {
        do {
            try create()
        } catch {
            throw CommandFailure("create cluster: \(error)")
        }
    }

    private func create() throws {
        var options = ClusterOptions()
        options.name = name
        options.nodes = nodes
        options.threshold = threshold == 0 ? nil : threshold
        options.validators = numValidators
        options.feeRecipients = list(feeRecipientAddresses)
        options.withdrawalAddresses = list(withdrawalAddresses)
        options.network = try chosenNetwork()
        options.insecureKeys = insecureKeys
        options.depositAmounts = try list(depositAmounts).map { text in
            guard let amount = UInt64(text) else {
                throw CommandFailure("--deposit-amounts: '\(text)' is no whole number of ETH")
            }
            return amount
        }
        options.targetGasLimit = targetGasLimit
        options.compounding = compounding
        options.consensusProtocol = consensusProtocol
        var random = SystemRandomNumberGenerator()
        let creation = try ClusterCreation(options, now: SystemClock.now(), using: &random)
        try creation.write(
            to: clusterDir, concurrency: ProcessInfo.processInfo.activeProcessorCount, using: &random)
        print(creation.summary(directory: URL(fileURLWithPath: clusterDir).standardizedFileURL.path), terminator: "")
    }

    private func chosenNetwork() throws -> Network {
        let custom = try Network.custom(
            name: testnetName, forkVersion: testnetForkVersion, chainID: testnetChainId,
            genesisTime: testnetGenesisTimestamp)
        if let custom { return custom }
        guard let known = Network.flag(network) else {
            throw CommandFailure(
                "--network \(network) is not known; choose one of \(Network.all.map(\.name).joined(separator: ", "))"
                    + " or describe a custom one with all of --testnet-*")
        }
        return known
    }
}
