import ArgumentParser
import Cluster
import ClusterSetup
import Foundation
import Program

struct CreateDKG: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkg",
        abstract: "Create the definition that operators take into a key ceremony.",
        discussion: """
            Ask every operator for their ENR (styx create enr), then for example: styx create dkg --name squad \
            --network hoodi --operator-enrs enr:…,enr:…,enr:…,enr:… --fee-recipient-addresses 0x… \
            --withdrawal-addresses 0x…
            """)

    @Option(help: "Name of the cluster.") var name = ""
    @Option(help: "Directory for cluster-definition.json.") var outputDir = ".charon"
    @Option(help: "Number of validators.") var numValidators = 1
    @Option(name: [.long, .customShort("t")], help: "Shares needed to sign; ceil(2n/3) if not given.") var threshold = 0
    @Option(help: "Fee recipients, comma-separated: one, or one per validator.")
    var feeRecipientAddresses: [String] = []
    @Option(help: "Withdrawal addresses with checksum, comma-separated: one, or one per validator.")
    var withdrawalAddresses: [String] = []
    @OptionGroup var network: NetworkOptions
    @Option(help: "Key ceremony: default, frost or pedersen.") var dkgAlgorithm = "default"
    @Option(help: "Partial deposits in whole ETH, comma-separated.") var depositAmounts: [String] = []
    @Option(help: "ENRs of all operators, comma-separated, in the order of their indexes.")
    var operatorEnrs: [String] = []
    @Option(help: "Accounts of all operators, instead of their ENRs. Only with --publish.")
    var operatorAddresses: [String] = []
    @Option(help: "Preferred consensus protocol: qbft.") var consensusProtocol = ""
    @Option(help: "Gas limit of the builder registrations.") var targetGasLimit: UInt64 = 60_000_000
    @Flag(help: "Compounding validators (0x02 withdrawal credentials).") var compounding = false
    @Option(help: "Execution client that is asked about signatures of contract wallets.")
    var executionClientRpcEndpoint = ""
    @Flag(help: "Publish the definition instead of writing it to disk.") var publish = false
    @Option(help: "Where to publish.") var publishAddress = ObolAPI.defaultAddress
    @Option(help: "Charon release whose file version to write: v1.10 or v1.11.") var compat = Compat.v1_10

    static let flags = EnvironmentArguments.Flags(
        options: [
            "name", "output-dir", "num-validators", "threshold", "fee-recipient-addresses", "withdrawal-addresses",
            "dkg-algorithm", "deposit-amounts", "operator-enrs", "operator-addresses", "consensus-protocol",
            "target-gas-limit", "execution-client-rpc-endpoint", "publish-address", "compat",
        ] + NetworkOptions.names, switches: ["compounding", "publish"])

    func run() async throws {
        try await failing("create dkg") {
            network.warnIfIncomplete()
            let request = try request()
            warn(
                threshold: threshold,
                nodes: request.ceremony.operatorENRs.count + request.ceremony.operatorAddresses.count)
            let outcome = try await untilInterrupted {
                try await WebClient.with { web in
                    var random = SystemRandomNumberGenerator()
                    return try await CeremonyProposal(request, now: SystemClock.now(), web: web)
                        .propose(using: &random)
                }
            }
            print(outcome.summary, terminator: "")
            note(nextSteps: outcome.nextSteps)
        }
    }

    private func request() throws -> CeremonyProposal.Request {
        var request = CeremonyProposal.Request()
        request.ceremony.name = name
        request.ceremony.validators = numValidators
        request.ceremony.threshold = threshold == 0 ? nil : threshold
        request.ceremony.feeRecipients = list(feeRecipientAddresses)
        request.ceremony.withdrawalAddresses = list(withdrawalAddresses)
        request.ceremony.dkgAlgorithm = dkgAlgorithm
        request.ceremony.depositAmounts = try ethAmounts(depositAmounts)
        request.ceremony.operatorENRs = list(operatorEnrs)
        request.ceremony.operatorAddresses = list(operatorAddresses)
        request.ceremony.consensusProtocol = consensusProtocol
        request.ceremony.targetGasLimit = targetGasLimit
        request.ceremony.compounding = compounding
        request.ceremony.version = compat.fileVersion
        request.network = network.flags
        request.directory = outputDir
        request.publishes = publish
        request.publishAddress = publishAddress
        request.executionEndpoint = executionClientRpcEndpoint
        return request
    }
}
