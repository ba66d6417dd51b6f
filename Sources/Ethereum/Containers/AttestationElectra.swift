import SSZ

/// The votes of one or more committees of a slot, from Electra on (EIP-7549). Variable size.
///
/// Source: consensus-specs electra/beacon-chain.md, `Attestation`.
package struct AttestationElectra: SSZContainer, Hashable {
    /// The members of the committees in `committeeBits`, one committee after the other.
    package var aggregationBits = Bitlist()
    package var data = AttestationData()
    package var signature = SignatureBytes.zero
    /// One bit for each committee of the slot.
    package var committeeBits = Bitvector()

    package init() {}

    package init(
        aggregationBits: Bitlist, data: AttestationData, signature: SignatureBytes, committeeBits: Bitvector
    ) {
        self.aggregationBits = aggregationBits
        self.data = data
        self.signature = signature
        self.committeeBits = committeeBits
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("aggregation_bits", &aggregationBits, limit: visitor.preset.maxValidatorsPerSlot)
        try visitor.visit("data", &data)
        try visitor.visit("signature", &signature)
        try visitor.visit("committee_bits", &committeeBits, count: visitor.preset.maxCommitteesPerSlot)
    }
}
