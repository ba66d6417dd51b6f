import SSZ

/// What a cluster looks at in a block, of any fork, full or blinded.
package struct BlockSummary: Hashable, Sendable {
    package let slot: Slot
    package let proposerIndex: ValidatorIndex
    package let parentRoot: Root
    package let randaoReveal: SignatureBytes
    package let graffiti: Bytes32
    /// nil before Bellatrix.
    package let feeRecipient: Bytes20?
    /// Hash tree root of the block message, which is what the proposer signs. Blobs are not part of it.
    package let messageRoot: Root
}

extension BeaconBlock {
    func summary(preset: Preset) -> BlockSummary {
        BlockSummary(
            slot: slot, proposerIndex: proposerIndex, parentRoot: parentRoot, randaoReveal: body.randaoReveal,
            graffiti: body.graffiti,
            feeRecipient: Fork.name >= .bellatrix ? body.executionPayload.feeRecipient : nil,
            messageRoot: hashTreeRoot(preset: preset))
    }
}
