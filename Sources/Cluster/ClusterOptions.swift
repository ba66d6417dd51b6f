import Ethereum
import SSZ

/// What `create cluster` is asked for, under the names of its flags. Source: spec/cli-create.md §5.
package struct ClusterOptions: Sendable {
    package var name = ""
    package var nodes = 0
    /// Nil: ceil(2n/3).
    package var threshold: Int?
    package var validators = 0
    /// One for all, or one for each validator; `0x` and 40 hex digits.
    package var feeRecipients: [String] = []
    /// Likewise.
    package var withdrawalAddresses: [String] = []
    package var network = Network.mainnet
    /// Keystores that open fast: for throwaway networks only.
    package var insecureKeys = false
    /// Whole ETH. Empty: the defaults.
    package var depositAmounts: [UInt64] = []
    package var targetGasLimit: UInt64 = 60_000_000
    package var compounding = false
    /// Empty or `qbft`.
    package var consensusProtocol = ""
    /// Of the files.
    package var version = FileVersion.current

    package init() {}

    package static func defaultThreshold(nodes: Int) -> Int { ClusterRules.defaultThreshold(nodes: nodes) }

    package func checkAmounts() throws(ClusterError) {
        try ClusterRules.checkAmounts(depositAmounts, compounding: compounding)
    }

    package func checkNodes() throws(ClusterError) {
        guard nodes != 0 else { throw .option("--nodes", "missing; say how many nodes the cluster has") }
        try ClusterRules.checkNodes(nodes, "--nodes")
    }

    package func checkProtocol() throws(ClusterError) { try ClusterRules.checkProtocol(consensusProtocol) }

    /// The unhashed definition these options ask for; operators are blank.
    func definition(uuid: String, timestamp: String) throws(ClusterError) -> Definition {
        try checkAmounts()
        try checkNodes()
        try checkProtocol()
        try ClusterRules.checkThreshold(threshold, nodes: nodes)
        try ClusterRules.checkValidators(validators)
        try ClusterRules.checkName(name)
        try ClusterRules.checkCost(insecureKeys: insecureKeys, network)
        try ClusterRules.checkGasLimit(targetGasLimit)
        let fees = try ClusterRules.perValidator(feeRecipients, validators, "--fee-recipient-addresses")
        let withdrawals = try ClusterRules.perValidator(withdrawalAddresses, validators, "--withdrawal-addresses")
        // Charon wants no checksums on this path.
        try ClusterRules.checkWithdrawals(
            withdrawalAddresses, network, needsChecksum: false, "--withdrawal-addresses")

        var definition = Definition()
        definition.version = version
        definition.name = name
        definition.operators = (0..<nodes).map { _ in Operator() }
        definition.uuid = uuid
        definition.timestamp = timestamp
        definition.threshold = threshold ?? Self.defaultThreshold(nodes: nodes)
        definition.dkgAlgorithm = "default"
        definition.forkVersion = network.genesisForkVersion
        definition.depositAmounts = ClusterRules.gwei(depositAmounts)
        definition.consensusProtocol = consensusProtocol
        definition.targetGasLimit = targetGasLimit
        definition.compounding = compounding
        definition.validators = zip(fees, withdrawals).map { ValidatorAddresses(feeRecipient: $0, withdrawal: $1) }
        try definition.checkNew()
        return definition
    }
}
