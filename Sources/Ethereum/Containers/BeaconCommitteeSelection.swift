import SSZ

/// A validator's signature over a slot, which decides whether it aggregates its committee's votes.
///
/// Source: beacon-APIs `apis/validator/beacon_committee_selections.yaml`; protocols.md §2.7, PrepareAggregator.
package struct BeaconCommitteeSelection: SSZContainer, Hashable {
    package var validatorIndex = ValidatorIndex.zero
    package var slot = Slot.zero
    package var selectionProof = SignatureBytes.zero

    package init() {}

    package init(validatorIndex: ValidatorIndex, slot: Slot, selectionProof: SignatureBytes) {
        self.validatorIndex = validatorIndex
        self.slot = slot
        self.selectionProof = selectionProof
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("validator_index", &validatorIndex)
        try visitor.visit("slot", &slot)
        try visitor.visit("selection_proof", &selectionProof)
    }
}
