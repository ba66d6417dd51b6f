import SSZ

/// An attestation with its voters listed, up to Deneb. Variable size.
///
/// Source: consensus-specs phase0/beacon-chain.md, `IndexedAttestation`.
package struct IndexedAttestationPhase0: SSZContainer, Hashable {
    /// Ascending.
    package var attestingIndices = [ValidatorIndex]()
    package var data = AttestationData()
    package var signature = SignatureBytes.zero

    package init() {}

    package init(attestingIndices: [ValidatorIndex], data: AttestationData, signature: SignatureBytes) {
        self.attestingIndices = attestingIndices
        self.data = data
        self.signature = signature
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("attesting_indices", &attestingIndices, limit: visitor.preset.maxValidatorsPerCommittee)
        try visitor.visit("data", &data)
        try visitor.visit("signature", &signature)
    }
}
