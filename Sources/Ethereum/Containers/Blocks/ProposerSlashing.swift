import SSZ

/// Two different blocks by one proposer for one slot. SSZ: 416 bytes, fixed.
///
/// Source: consensus-specs phase0/beacon-chain.md.
package struct ProposerSlashing: SSZContainer, Hashable {
    package var signedHeader1 = SignedBeaconBlockHeader()
    package var signedHeader2 = SignedBeaconBlockHeader()

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("signed_header_1", &signedHeader1)
        try visitor.visit("signed_header_2", &signedHeader2)
    }
}
