import SSZ

/// An aggregate attestation and the proof that its sender is an aggregator. Variable size.
///
/// The fields are the same in all forks, the attestation inside is not. Source: consensus-specs phase0/validator.md.
package struct AggregateAndProof<Attestation: SSZContainer & Hashable>: SSZContainer, Hashable {
    package var aggregatorIndex = ValidatorIndex.zero
    package var aggregate = Attestation()
    package var selectionProof = SignatureBytes.zero

    package init() {}

    package init(aggregatorIndex: ValidatorIndex, aggregate: Attestation, selectionProof: SignatureBytes) {
        self.aggregatorIndex = aggregatorIndex
        self.aggregate = aggregate
        self.selectionProof = selectionProof
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("aggregator_index", &aggregatorIndex)
        try visitor.visit("aggregate", &aggregate)
        try visitor.visit("selection_proof", &selectionProof)
    }
}

/// Up to Deneb.
package typealias AggregateAndProofPhase0 = AggregateAndProof<AttestationPhase0>
/// From Electra on.
package typealias AggregateAndProofElectra = AggregateAndProof<AttestationElectra>
