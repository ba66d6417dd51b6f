import SSZ

/// What a cluster looks at in a block, of any fork, full or blinded.
package struct BlockSummary: Hashable, Sendable {
    /// The block with its body's root in place of the body, which is what remote signers are shown.
    package let header: BeaconBlockHeader
    package let randaoReveal: SignatureBytes
    package let graffiti: Bytes32
    /// nil before Bellatrix.
    package let feeRecipient: Bytes20?
    /// Hash tree root of the block message, which is what the proposer signs. Blobs are not part of it.
    package let messageRoot: Root

    package var slot: Slot { header.slot }
    package var proposerIndex: ValidatorIndex { header.proposerIndex }
    package var parentRoot: Root { header.parentRoot }
}

extension BeaconBlock {
    func summary(preset: Preset) -> BlockSummary {
        let header = BeaconBlockHeader(
            slot: slot, proposerIndex: proposerIndex, parentRoot: parentRoot, stateRoot: stateRoot,
            bodyRoot: body.hashTreeRoot(preset: preset))
        return BlockSummary(
            header: header, randaoReveal: body.randaoReveal, graffiti: body.graffiti,
            feeRecipient: Fork.name >= .bellatrix ? body.executionPayload.feeRecipient : nil,
            // A block and its header have the same root.
            messageRoot: header.hashTreeRoot())
    }
}
