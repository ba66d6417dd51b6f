import SSZ

/// Two votes that contradict each other. Variable size.
///
/// The fields are the same in all forks, the attestations inside are not. Source: consensus-specs
/// phase0/beacon-chain.md.
package struct AttesterSlashing<IndexedAttestation: SSZContainer & Hashable>: SSZContainer, Hashable {
    package var attestation1 = IndexedAttestation()
    package var attestation2 = IndexedAttestation()

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("attestation_1", &attestation1)
        try visitor.visit("attestation_2", &attestation2)
    }
}
