import SSZ

/// The sync committee's votes for the parent block. SSZ: 160 bytes on mainnet, fixed.
///
/// Source: consensus-specs altair/beacon-chain.md.
package struct SyncAggregate: SSZContainer, Hashable {
    /// One bit for each seat of the committee.
    package var syncCommitteeBits = Bitvector()
    package var syncCommitteeSignature = SignatureBytes.zero

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("sync_committee_bits", &syncCommitteeBits, count: visitor.preset.syncCommitteeSize)
        try visitor.visit("sync_committee_signature", &syncCommitteeSignature)
    }
}
