import SSZ

/// A contribution and the proof that its sender is an aggregator. SSZ: 264 bytes on mainnet, fixed.
///
/// Source: consensus-specs altair/validator.md.
package struct ContributionAndProof: SSZContainer, Hashable {
    package var aggregatorIndex = ValidatorIndex.zero
    package var contribution = SyncCommitteeContribution()
    package var selectionProof = SignatureBytes.zero

    package init() {}

    package init(
        aggregatorIndex: ValidatorIndex, contribution: SyncCommitteeContribution, selectionProof: SignatureBytes
    ) {
        self.aggregatorIndex = aggregatorIndex
        self.contribution = contribution
        self.selectionProof = selectionProof
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("aggregator_index", &aggregatorIndex)
        try visitor.visit("contribution", &contribution)
        try visitor.visit("selection_proof", &selectionProof)
    }
}
