import SSZ

/// A full block with its blobs, from Deneb on: what a beacon node produces. Variable size.
///
/// Only the block is signed. Source: beacon-APIs `types/deneb/block_contents.yaml`, fulu.
package struct BlockContents<Fork: BlockFork>: SSZContainer, Hashable {
    package var block = FullBeaconBlock<Fork>()
    /// One for each blob; from Fulu on one for each of its cells.
    package var kzgProofs = [Bytes48]()
    package var blobs = Blobs()

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("block", &block)
        try visitor.visit("kzg_proofs", &kzgProofs, limit: Fork.name.kzgProofsMax(visitor.preset))
        try visitor.visit("blobs", &blobs)
    }
}

/// A signed full block with its blobs, from Deneb on: what is published. Variable size.
///
/// Source: beacon-APIs `types/deneb/block_contents.yaml`, fulu.
package struct SignedBlockContents<Fork: BlockFork>: SSZContainer, Hashable {
    package var signedBlock = SignedBeaconBlock<Fork>()
    /// One for each blob; from Fulu on one for each of its cells.
    package var kzgProofs = [Bytes48]()
    package var blobs = Blobs()

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("signed_block", &signedBlock)
        try visitor.visit("kzg_proofs", &kzgProofs, limit: Fork.name.kzgProofsMax(visitor.preset))
        try visitor.visit("blobs", &blobs)
    }
}

extension ForkName {
    /// The limit of `kzg_proofs`: from Fulu on FIELD_ELEMENTS_PER_EXT_BLOB a blob, far more than the 128 of its cells.
    fileprivate func kzgProofsMax(_ preset: Preset) -> Int {
        preset.maxBlobCommitmentsPerBlock * (self >= .fulu ? 8192 : 1)
    }
}
