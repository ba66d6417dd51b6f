import SSZ

/// A validator's choice of the address that withdrawals go to. SSZ: 76 bytes, fixed.
///
/// Source: consensus-specs capella/beacon-chain.md.
package struct BLSToExecutionChange: SSZContainer, Hashable {
    package var validatorIndex = ValidatorIndex.zero
    /// Of the withdrawal key, not the validator's.
    package var fromBLSPubKey = Bytes48.zero
    package var toExecutionAddress = Bytes20.zero

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("validator_index", &validatorIndex)
        try visitor.visit("from_bls_pubkey", &fromBLSPubKey)
        try visitor.visit("to_execution_address", &toExecutionAddress)
    }
}
