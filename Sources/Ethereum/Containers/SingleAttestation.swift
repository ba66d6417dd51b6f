import SSZ

/// One validator's vote as it is submitted from Electra on. SSZ: 240 bytes, fixed.
///
/// Source: consensus-specs electra/beacon-chain.md.
package struct SingleAttestation: SSZContainer, Hashable {
    package var committeeIndex = CommitteeIndex.zero
    package var attesterIndex = ValidatorIndex.zero
    package var data = AttestationData()
    package var signature = SignatureBytes.zero

    package init() {}

    package init(
        committeeIndex: CommitteeIndex, attesterIndex: ValidatorIndex, data: AttestationData, signature: SignatureBytes
    ) {
        self.committeeIndex = committeeIndex
        self.attesterIndex = attesterIndex
        self.data = data
        self.signature = signature
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("committee_index", &committeeIndex)
        try visitor.visit("attester_index", &attesterIndex)
        try visitor.visit("data", &data)
        try visitor.visit("signature", &signature)
    }
}
