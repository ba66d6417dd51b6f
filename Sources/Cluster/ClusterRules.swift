import Ethereum

/// What may be asked for when a cluster or a definition is made. Source: spec/cli-create.md §4, §5.
enum ClusterRules {
    /// Fewer nodes could not lose one and still agree.
    static let nodesMin = 3

    static func defaultThreshold(nodes: Int) -> Int { (2 * nodes + 2) / 3 }

    static func checkNodes(_ count: Int, _ option: String) throws(ClusterError) {
        guard count >= nodesMin else {
            throw .option(
                option, "number of operators is below minimum: \(count), but a cluster has at least \(nodesMin) nodes")
        }
        guard count <= FileLimits.operators else {
            throw .option(option, "\(count); a cluster has at most \(FileLimits.operators) nodes")
        }
    }

    static func checkThreshold(_ threshold: Int?, nodes: Int) throws(ClusterError) {
        if let threshold, !(2...nodes).contains(threshold) {
            throw .option("--threshold", "\(threshold) is not between 2 and the number of nodes, \(nodes)")
        }
    }

    static func checkValidators(_ count: Int) throws(ClusterError) {
        guard (1...FileLimits.validators).contains(count) else {
            throw .option("--num-validators", "\(count); 1 to \(FileLimits.validators) are possible")
        }
    }

    static func checkName(_ name: String) throws(ClusterError) {
        guard name.utf8.count <= FileLimits.nameBytes else {
            throw .option("--name", "longer than \(FileLimits.nameBytes) bytes")
        }
    }

    /// - Parameter amounts: whole ETH.
    static func checkAmounts(_ amounts: [UInt64], compounding: Bool) throws(ClusterError) {
        let option = "--deposit-amounts"
        guard amounts.count <= FileLimits.deposits, amounts.allSatisfy({ $0 <= 2048 }) else {
            throw .option(option, "at most \(FileLimits.deposits) amounts of whole ETH up to 2048")
        }
        do throws(ClusterError) {
            try DepositAmounts.check(gwei(amounts), compounding: compounding, option)
        } catch .field(let field, let reason) {
            throw .option(field, reason)
        }
    }

    static func gwei(_ amounts: [UInt64]) -> [Gwei] { amounts.map { Gwei($0 * DepositAmounts.gweiPerETH) } }

    static func checkProtocol(_ name: String) throws(ClusterError) {
        guard name.isEmpty || name.lowercased() == "qbft" else {
            throw .option("--consensus-protocol", "\"\(name)\" is not known, only qbft")
        }
    }

    static func checkGasLimit(_ limit: UInt64) throws(ClusterError) {
        guard limit > 0 else { throw .option("--target-gas-limit", "must not be zero") }
    }

    static func checkCost(insecureKeys: Bool, _ network: Network) throws(ClusterError) {
        guard !insecureKeys || !network.holdsValue else {
            throw .option("--insecure-keys", "not on \(network.name), where keys guard real money")
        }
    }

    /// One address for each validator, from one for all or one for each.
    static func perValidator(_ addresses: [String], _ validators: Int, _ option: String) throws(ClusterError)
        -> [String]
    {
        for address in addresses where EthereumAddress(address) == nil {
            throw .option(option, "\"\(address)\" is not 0x and 40 hex digits")
        }
        guard addresses.count != validators else { return addresses }
        guard addresses.count == 1, let only = addresses.first else {
            throw .option(option, "\(addresses.count) addresses; give one, or one for each of \(validators) validators")
        }
        return [String](repeating: only, count: validators)
    }

    /// Where the stake goes: never to nobody where it is real, and with its checksum where a typo would be signed away.
    static func checkWithdrawals(
        _ addresses: [String], _ network: Network, needsChecksum: Bool, _ option: String
    ) throws(ClusterError) {
        for (i, text) in addresses.enumerated() {
            guard let address = EthereumAddress(text) else {
                throw .option(option, "\"\(text)\" is not 0x and 40 hex digits")
            }
            guard !needsChecksum || address.checksummed == text else {
                throw .option(
                    option,
                    "number \(i + 1) has no valid checksum: \"\(text)\"; if it is right, write"
                        + " \(address.checksummed)")
            }
            guard !network.holdsValue || !address.isZero else {
                throw .option(option, "number \(i + 1) is zero: the stake would be lost")
            }
        }
    }
}
