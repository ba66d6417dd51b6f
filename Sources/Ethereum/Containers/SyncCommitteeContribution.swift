import SSZ

/// The aggregated votes of one sync subcommittee. SSZ: 160 bytes on mainnet, fixed.
///
/// Source: consensus-specs altair/validator.md.
package struct SyncCommitteeContribution: SSZContainer, Hashable {
    package var slot = Slot.zero
    package var beaconBlockRoot = Root.zero
    /// Below SYNC_COMMITTEE_SUBNET_COUNT.
    package var subcommitteeIndex = UInt64(0)
    /// One bit for each seat of the subcommittee.
    package var aggregationBits = Bitvector()
    package var signature = SignatureBytes.zero

    package init() {}

    package init(
        slot: Slot, beaconBlockRoot: Root, subcommitteeIndex: UInt64, aggregationBits: Bitvector,
        signature: SignatureBytes
    ) {
        self.slot = slot
        self.beaconBlockRoot = beaconBlockRoot
        self.subcommitteeIndex = subcommitteeIndex
        self.aggregationBits = aggregationBits
        self.signature = signature
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("slot", &slot)
        try visitor.visit("beacon_block_root", &beaconBlockRoot)
        try visitor.visit("subcommittee_index", &subcommitteeIndex)
        try visitor.visit("aggregation_bits", &aggregationBits, count: visitor.preset.syncSubcommitteeSize)
        try visitor.visit("signature", &signature)
    }
}
