import SSZ

/// What a sync aggregator's selection proof signs. SSZ: 16 bytes, fixed. Source: consensus-specs altair/validator.md.
package struct SyncAggregatorSelectionData: SSZContainer, Hashable {
    package var slot = Slot.zero
    package var subcommitteeIndex = UInt64(0)

    package init() {}

    package init(slot: Slot, subcommitteeIndex: UInt64) {
        self.slot = slot
        self.subcommitteeIndex = subcommitteeIndex
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("slot", &slot)
        try visitor.visit("subcommittee_index", &subcommitteeIndex)
    }
}
