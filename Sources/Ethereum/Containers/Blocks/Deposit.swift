import SSZ

/// A deposit and its place in the deposit contract's tree. SSZ: 1240 bytes, fixed.
///
/// Source: consensus-specs phase0/beacon-chain.md.
package struct Deposit: SSZContainer, Hashable {
    /// DEPOSIT_CONTRACT_TREE_DEPTH, and one more for the mixed-in length.
    private static let proofCount = 33

    /// Always 33 hashes, from the leaf upwards.
    package var proof = [Bytes32](repeating: .zero, count: Self.proofCount)
    package var data = DepositData()

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("proof", &proof, count: Self.proofCount)
        try visitor.visit("data", &data)
    }
}
