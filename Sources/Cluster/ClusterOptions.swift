import Ethereum
import SSZ

/// What `create cluster` is asked for, under the names of its flags. Source: spec/cli-create.md §5.
package struct ClusterOptions: Sendable {
    /// Fewer nodes could not lose one and still agree.
    package static let nodesMin = 3

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

    package init() {}

    package static func defaultThreshold(nodes: Int) -> Int { (2 * nodes + 2) / 3 }

    /// The unhashed definition these options ask for; operators are blank.
    func definition(uuid: String, timestamp: String) throws(ClusterError) -> Definition {
        try check()
        var definition = Definition()
        definition.name = name
        definition.operators = (0..<nodes).map { _ in Operator() }
        definition.uuid = uuid
        definition.timestamp = timestamp
        definition.threshold = threshold ?? Self.defaultThreshold(nodes: nodes)
        definition.dkgAlgorithm = "default"
        definition.forkVersion = network.genesisForkVersion
        definition.depositAmounts = depositAmounts.map { Gwei($0 * DepositAmounts.gweiPerETH) }
        definition.consensusProtocol = consensusProtocol
        definition.targetGasLimit = targetGasLimit
        definition.compounding = compounding
        let fees = try perValidator(feeRecipients, "--fee-recipient-addresses")
        let withdrawals = try perValidator(withdrawalAddresses, "--withdrawal-addresses")
        definition.validators = zip(fees, withdrawals).map { ValidatorAddresses(feeRecipient: $0, withdrawal: $1) }
        return definition
    }

    private func check() throws(ClusterError) {
        guard nodes >= Self.nodesMin, nodes <= FileLimits.operators else {
            throw .option("--nodes", "\(nodes); a cluster has \(Self.nodesMin) to \(FileLimits.operators) nodes")
        }
        if let threshold, !(2...nodes).contains(threshold) {
            throw .option("--threshold", "\(threshold) is not between 2 and the number of nodes, \(nodes)")
        }
        guard validators >= 1, validators <= FileLimits.validators else {
            throw .option("--num-validators", "\(validators); 1 to \(FileLimits.validators) are possible")
        }
        guard name.utf8.count <= FileLimits.nameBytes else {
            throw .option("--name", "longer than \(FileLimits.nameBytes) bytes")
        }
        guard !insecureKeys || !network.holdsValue else {
            throw .option("--insecure-keys", "not on \(network.name), where keys guard real money")
        }
        guard depositAmounts.count <= FileLimits.deposits, depositAmounts.allSatisfy({ $0 <= 2048 }) else {
            throw .option("--deposit-amounts", "at most \(FileLimits.deposits) amounts of whole ETH up to 2048")
        }
        try DepositAmounts.check(
            depositAmounts.map { Gwei($0 * DepositAmounts.gweiPerETH) }, compounding: compounding, "--deposit-amounts")
        guard targetGasLimit > 0 else { throw .option("--target-gas-limit", "must not be zero") }
        guard consensusProtocol.isEmpty || consensusProtocol.lowercased() == "qbft" else {
            throw .option("--consensus-protocol", "\"\(consensusProtocol)\" is not known, only qbft")
        }
        for (i, address) in withdrawalAddresses.enumerated() where network.holdsValue {
            guard EthereumAddress(address)?.isZero != true else {
                throw .option("--withdrawal-addresses", "number \(i + 1) is zero: the stake would be lost")
            }
        }
    }

    private func perValidator(_ addresses: [String], _ option: String) throws(ClusterError) -> [String] {
        for address in addresses where EthereumAddress(address) == nil {
            throw .option(option, "\"\(address)\" is not 0x and 40 hex digits")
        }
        guard addresses.count != validators else { return addresses }
        guard addresses.count == 1, let only = addresses.first else {
            throw .option(option, "\(addresses.count) addresses; give one, or one for each of \(validators) validators")
        }
        return [String](repeating: only, count: validators)
    }
}
