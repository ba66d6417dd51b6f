import SSZ

/// A withdrawal that the validator's owner asked for. SSZ: 76 bytes, fixed.
///
/// Source: consensus-specs electra/beacon-chain.md.
package struct WithdrawalRequest: SSZContainer, Hashable {
    package var sourceAddress = Bytes20.zero
    package var validatorPubKey = PubKey.zero
    /// Zero to exit.
    package var amount = Gwei.zero

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("source_address", &sourceAddress)
        try visitor.visit("validator_pubkey", &validatorPubKey)
        try visitor.visit("amount", &amount)
    }
}
