import SSZ

/// A validator's signature over a slot and a sync subcommittee, which decides whether it aggregates that
/// subcommittee's votes.
///
/// Source: beacon-APIs `apis/validator/sync_committee_selections.yaml`; protocols.md §2.7, PrepareSyncContribution.
package struct SyncCommitteeSelection: SSZContainer, Hashable {
    package var validatorIndex = ValidatorIndex.zero
    package var slot = Slot.zero
    /// Below SYNC_COMMITTEE_SUBNET_COUNT.
    package var subcommitteeIndex = UInt64(0)
    package var selectionProof = SignatureBytes.zero

    package init() {}

    package init(
        validatorIndex: ValidatorIndex, slot: Slot, subcommitteeIndex: UInt64, selectionProof: SignatureBytes
    ) {
        self.validatorIndex = validatorIndex
        self.slot = slot
        self.subcommitteeIndex = subcommitteeIndex
        self.selectionProof = selectionProof
    }

    /// What is signed.
    package var selectionData: SyncAggregatorSelectionData {
        SyncAggregatorSelectionData(slot: slot, subcommitteeIndex: subcommitteeIndex)
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("validator_index", &validatorIndex)
        try visitor.visit("slot", &slot)
        try visitor.visit("subcommittee_index", &subcommitteeIndex)
        try visitor.visit("selection_proof", &selectionProof)
    }
}
