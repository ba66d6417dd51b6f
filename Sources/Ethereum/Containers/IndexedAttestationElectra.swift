import SSZ

/// An attestation with its voters listed, from Electra on. Variable size.
///
/// Source: consensus-specs electra/beacon-chain.md, `IndexedAttestation`.
package struct IndexedAttestationElectra: SSZContainer, Hashable {
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
        try visitor.visit("attesting_indices", &attestingIndices, limit: visitor.preset.maxValidatorsPerSlot)
        try visitor.visit("data", &data)
        try visitor.visit("signature", &signature)
    }
}
