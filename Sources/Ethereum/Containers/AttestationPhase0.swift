import SSZ

/// The votes of one committee of a slot, up to Deneb. Variable size.
///
/// Source: consensus-specs phase0/beacon-chain.md, `Attestation`.
package struct AttestationPhase0: SSZContainer, Hashable {
    /// One bit for each member of the committee.
    package var aggregationBits = Bitlist()
    package var data = AttestationData()
    package var signature = SignatureBytes.zero

    package init() {}

    package init(aggregationBits: Bitlist, data: AttestationData, signature: SignatureBytes) {
        self.aggregationBits = aggregationBits
        self.data = data
        self.signature = signature
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("aggregation_bits", &aggregationBits, limit: visitor.preset.maxValidatorsPerCommittee)
        try visitor.visit("data", &data)
        try visitor.visit("signature", &signature)
    }
}
