import Ethereum

extension Definition {
    /// Whether a new definition may look like this: everything in it has a place in its version's files.
    ///
    /// Reading is more tolerant: what others wrote stays readable. Source: spec/cluster-files.md §13.
    /// - Throws: the name of the member, why it cannot be, and which version could.
    package func checkNew() throws(ClusterError) {
        let amounts = DefinitionField.depositAmounts.rawValue
        if !version.hasPartialDeposits {
            let usual = Gwei(DepositAmounts.ethActivation * DepositAmounts.gweiPerETH)
            guard depositAmounts.isEmpty || depositAmounts == [usual] else {
                throw refusal(amounts, "one deposit of 32 ETH only", since: .v1_8)
            }
        }
        try DepositAmounts.check(depositAmounts, compounding: compounding, amounts)
        guard version.hasConsensusProtocol || consensusProtocol.isEmpty else {
            throw refusal(DefinitionField.consensusProtocol.rawValue, "none", since: .v1_9)
        }
        let gasLimit = DefinitionField.targetGasLimit.rawValue
        if version.hasTargetGasLimit {
            guard targetGasLimit > 0 else { throw .field(gasLimit, "must not be zero") }
        } else {
            guard targetGasLimit == 0 else { throw refusal(gasLimit, "none", since: .v1_10) }
            guard !compounding else { throw refusal(DefinitionField.compounding.rawValue, "none", since: .v1_10) }
        }
        guard version.hasCreator || creator.isBlank else {
            throw refusal(DefinitionField.creator.rawValue, "none", since: .v1_4)
        }
        _ = try withHashes()  // bounds, addresses, and one pair of them before v1.5
    }

    private func refusal(_ field: String, _ allowed: String, since first: FileVersion) -> ClusterError {
        .field(field, "\(version.rawValue) has \(allowed); write \(first.rawValue) or later")
    }
}
