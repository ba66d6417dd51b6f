import SSZ

/// What a committee attests to. SSZ: 128 bytes, fixed. Source: consensus-specs phase0/beacon-chain.md.
package struct AttestationData: SSZContainer, Hashable {
    package var slot = Slot.zero
    /// The committee up to Deneb, zero from Electra on (EIP-7549).
    package var index = CommitteeIndex.zero
    package var beaconBlockRoot = Root.zero
    package var source = Checkpoint()
    package var target = Checkpoint()

    package init() {}

    package init(slot: Slot, index: CommitteeIndex, beaconBlockRoot: Root, source: Checkpoint, target: Checkpoint) {
        self.slot = slot
        self.index = index
        self.beaconBlockRoot = beaconBlockRoot
        self.source = source
        self.target = target
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("slot", &slot)
        try visitor.visit("index", &index)
        try visitor.visit("beacon_block_root", &beaconBlockRoot)
        try visitor.visit("source", &source)
        try visitor.visit("target", &target)
    }
}
