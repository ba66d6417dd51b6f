import Ethereum
import SSZ

/// What the key of a validator signs before the cluster runs. Source: spec/cluster-files.md §11, §12; spec/dkg.md §6.
extension Definition {
    /// Definitions before v1.10 do not say.
    private static let gasLimitOfOldDefinitions: UInt64 = 30_000_000

    /// - Parameter v: position of the validator in the definition.
    package func depositMessage(
        _ v: Int, _ key: PubKey, _ amount: Gwei
    ) throws(ClusterError) -> DepositMessage {
        let withdrawal = try Self.address(validators[v].withdrawal, "validators[\(v)].withdrawal_address")
        return DepositMessage(pubKey: key, withdrawalAddress: withdrawal, amount: amount, compounding: compounding)
    }

    /// - Parameters:
    ///   - v: position of the validator in the definition.
    ///   - time: genesis for keys that are new.
    package func registration(_ v: Int, _ key: PubKey, at time: Instant) throws(ClusterError) -> ValidatorRegistration {
        let feeRecipient = try Self.address(
            validators[v].feeRecipient, "validators[\(v)].fee_recipient_address")
        return ValidatorRegistration(
            feeRecipient: feeRecipient.bytes,
            gasLimit: targetGasLimit == 0 ? Self.gasLimitOfOldDefinitions : targetGasLimit,
            timestamp: UInt64(clamping: time.unixSeconds), pubKey: key)
    }

    private static func address(_ text: String, _ field: String) throws(ClusterError) -> EthereumAddress {
        guard let address = EthereumAddress(text) else { throw .field(field, "not 0x and 40 hex digits") }
        return address
    }
}
