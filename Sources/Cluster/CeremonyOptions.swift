import Ethereum
import SSZ

/// What `create dkg` is asked for, under the names of its flags. Source: spec/cli-create.md §4.
package struct CeremonyOptions: Sendable {
    /// What `dkg` understands; it refuses all else.
    private static let algorithms = ["default", "frost", "pedersen"]

    package var name = ""
    package var validators = 1
    /// Nil: ceil(2n/3).
    package var threshold: Int?
    /// One for all, or one for each validator; `0x` and 40 hex digits.
    package var feeRecipients: [String] = []
    /// Likewise, with the checksum of EIP-55.
    package var withdrawalAddresses: [String] = []
    package var network = Network.mainnet
    package var dkgAlgorithm = "default"
    /// Whole ETH. Empty: the defaults.
    package var depositAmounts: [UInt64] = []
    /// Node records of the operators, or instead of them …
    package var operatorENRs: [String] = []
    /// … their accounts.
    package var operatorAddresses: [String] = []
    /// Empty or `qbft`.
    package var consensusProtocol = ""
    package var targetGasLimit: UInt64 = 60_000_000
    package var compounding = false
    /// Of the file.
    package var version = FileVersion.current

    package init() {}

    private var operatorsOption: String { operatorAddresses.isEmpty ? "--operator-enrs" : "--operator-addresses" }

    package func checkOperatorCount() throws(ClusterError) {
        try ClusterRules.checkNodes(operatorENRs.count + operatorAddresses.count, operatorsOption)
    }

    /// Everything but the operators themselves.
    package func checkSettings() throws(ClusterError) {
        try ClusterRules.checkAmounts(depositAmounts, compounding: compounding)
        try ClusterRules.checkProtocol(consensusProtocol)
        try ClusterRules.checkValidators(validators)
        _ = try ClusterRules.perValidator(feeRecipients, validators, "--fee-recipient-addresses")
        _ = try ClusterRules.perValidator(withdrawalAddresses, validators, "--withdrawal-addresses")
        try ClusterRules.checkWithdrawals(
            withdrawalAddresses, network, needsChecksum: true, "--withdrawal-addresses")
        try ClusterRules.checkThreshold(threshold, nodes: operatorENRs.count + operatorAddresses.count)
        try ClusterRules.checkName(name)
        try ClusterRules.checkGasLimit(targetGasLimit)
        guard Self.algorithms.contains(dkgAlgorithm) else {
            throw .option(
                "--dkg-algorithm",
                "\"\(dkgAlgorithm)\" would be refused by the ceremony; choose one of"
                    + " \(Self.algorithms.joined(separator: ", "))")
        }
    }

    /// The definition, hashed, without signatures and creator.
    ///
    /// - Parameter now: becomes its timestamp.
    package func definition(
        now: Instant, using generator: inout some RandomNumberGenerator
    ) throws(ClusterError) -> Definition {
        try checkOperatorCount()
        try checkSettings()
        var definition = Definition()
        definition.version = version
        definition.name = name
        definition.operators = try operators()
        definition.uuid = UUIDText.random(using: &generator)
        definition.timestamp = RFC3339.seconds(now)
        definition.threshold = threshold ?? ClusterRules.defaultThreshold(nodes: definition.operators.count)
        definition.dkgAlgorithm = dkgAlgorithm
        definition.forkVersion = network.genesisForkVersion
        definition.depositAmounts = ClusterRules.gwei(depositAmounts)
        definition.consensusProtocol = consensusProtocol
        definition.targetGasLimit = targetGasLimit
        definition.compounding = compounding
        let fees = try ClusterRules.perValidator(feeRecipients, validators, "--fee-recipient-addresses")
        let withdrawals = try ClusterRules.perValidator(withdrawalAddresses, validators, "--withdrawal-addresses")
        definition.validators = zip(fees, withdrawals).map { ValidatorAddresses(feeRecipient: $0, withdrawal: $1) }
        if operatorAddresses.isEmpty { _ = try definition.operatorKeys() }
        try definition.checkNew()
        return try definition.withHashes()
    }

    private func operators() throws(ClusterError) -> [Operator] {
        var operators: [Operator] = []
        for (i, text) in operatorENRs.enumerated() {
            do throws(ENRError) {
                _ = try ENR(text)
            } catch {
                throw .option("--operator-enrs", "number \(i + 1): \(error)")
            }
            operators.append(Operator(enr: text))
        }
        for (i, text) in operatorAddresses.enumerated() {
            guard let address = EthereumAddress(text) else {
                throw .option("--operator-addresses", "number \(i + 1), \"\(text)\", is not 0x and 40 hex digits")
            }
            guard !operators.contains(where: { $0.address == address.checksummed }) else {
                throw .option("--operator-addresses", "number \(i + 1), \(address), occurs twice")
            }
            operators.append(Operator(address: address.checksummed))
        }
        return operators
    }
}
