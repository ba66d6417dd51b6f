import SSZ

/// One sync committee member's vote for the head. SSZ: 144 bytes, fixed. Source: consensus-specs altair/validator.md.
package struct SyncCommitteeMessage: SSZContainer, Hashable {
    package var slot = Slot.zero
    /// Signed as it is, without hashing it again.
    package var beaconBlockRoot = Root.zero
    package var validatorIndex = ValidatorIndex.zero
    package var signature = SignatureBytes.zero

    package init() {}

    package init(slot: Slot, beaconBlockRoot: Root, validatorIndex: ValidatorIndex, signature: SignatureBytes) {
        self.slot = slot
        self.beaconBlockRoot = beaconBlockRoot
        self.validatorIndex = validatorIndex
        self.signature = signature
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("slot", &slot)
        try visitor.visit("beacon_block_root", &beaconBlockRoot)
        try visitor.visit("validator_index", &validatorIndex)
        try visitor.visit("signature", &signature)
    }
}
