import SSZ

/// A wish to merge one validator into another. SSZ: 116 bytes, fixed. Source: consensus-specs electra/beacon-chain.md.
package struct ConsolidationRequest: SSZContainer, Hashable {
    package var sourceAddress = Bytes20.zero
    package var sourcePubKey = PubKey.zero
    package var targetPubKey = PubKey.zero

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("source_address", &sourceAddress)
        try visitor.visit("source_pubkey", &sourcePubKey)
        try visitor.visit("target_pubkey", &targetPubKey)
    }
}
