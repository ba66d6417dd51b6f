import SSZ

/// A proposer's vote on the deposit contract's state. SSZ: 72 bytes, fixed.
///
/// Source: consensus-specs phase0/beacon-chain.md.
package struct Eth1Data: SSZContainer, Hashable {
    package var depositRoot = Root.zero
    package var depositCount = UInt64(0)
    package var blockHash = Bytes32.zero

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("deposit_root", &depositRoot)
        try visitor.visit("deposit_count", &depositCount)
        try visitor.visit("block_hash", &blockHash)
    }
}
