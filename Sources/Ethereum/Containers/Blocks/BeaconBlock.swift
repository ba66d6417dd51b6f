import SSZ

/// A block without its signature; full, or blinded (from Bellatrix on). Variable size.
///
/// Full and blinded form of one block have the same hash tree root: it is what the proposer signs. Source:
/// consensus-specs phase0/beacon-chain.md.
package struct BeaconBlock<Fork: BlockFork, Form: ExecutionForm>: SSZContainer, Hashable {
    package var slot = Slot.zero
    package var proposerIndex = ValidatorIndex.zero
    package var parentRoot = Root.zero
    package var stateRoot = Root.zero
    package var body = BeaconBlockBody<Fork, Form>()

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("slot", &slot)
        try visitor.visit("proposer_index", &proposerIndex)
        try visitor.visit("parent_root", &parentRoot)
        try visitor.visit("state_root", &stateRoot)
        try visitor.visit("body", &body)
    }
}

package typealias FullBeaconBlock<Fork: BlockFork> = BeaconBlock<Fork, FullExecution>
package typealias BlindedBeaconBlock<Fork: BlockFork> = BeaconBlock<Fork, BlindedExecution>
package typealias SignedBeaconBlock<Fork: BlockFork> = Signed<FullBeaconBlock<Fork>>
package typealias SignedBlindedBeaconBlock<Fork: BlockFork> = Signed<BlindedBeaconBlock<Fork>>
