import SSZ

/// A block with its body replaced by the body's root; it has the block's own root. SSZ: 112 bytes, fixed.
///
/// Source: consensus-specs phase0/beacon-chain.md.
package struct BeaconBlockHeader: SSZContainer, Hashable {
    package var slot = Slot.zero
    package var proposerIndex = ValidatorIndex.zero
    package var parentRoot = Root.zero
    package var stateRoot = Root.zero
    package var bodyRoot = Root.zero

    package init() {}

    package init(slot: Slot, proposerIndex: ValidatorIndex, parentRoot: Root, stateRoot: Root, bodyRoot: Root) {
        self.slot = slot
        self.proposerIndex = proposerIndex
        self.parentRoot = parentRoot
        self.stateRoot = stateRoot
        self.bodyRoot = bodyRoot
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("slot", &slot)
        try visitor.visit("proposer_index", &proposerIndex)
        try visitor.visit("parent_root", &parentRoot)
        try visitor.visit("state_root", &stateRoot)
        try visitor.visit("body_root", &bodyRoot)
    }
}
