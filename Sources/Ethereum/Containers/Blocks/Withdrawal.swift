import SSZ

/// Ether that leaves a validator's balance. SSZ: 44 bytes, fixed. Source: consensus-specs capella/beacon-chain.md.
package struct Withdrawal: SSZContainer, Hashable {
    /// Position among all withdrawals ever.
    package var index = UInt64(0)
    package var validatorIndex = ValidatorIndex.zero
    package var address = Bytes20.zero
    package var amount = Gwei.zero

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("index", &index)
        try visitor.visit("validator_index", &validatorIndex)
        try visitor.visit("address", &address)
        try visitor.visit("amount", &amount)
    }
}
