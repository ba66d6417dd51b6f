import SSZ

/// An epoch boundary block. SSZ: 40 bytes, fixed. Source: consensus-specs phase0/beacon-chain.md.
package struct Checkpoint: SSZContainer, Hashable {
    package var epoch = Epoch.zero
    package var root = Root.zero

    package init() {}

    package init(epoch: Epoch, root: Root) {
        self.epoch = epoch
        self.root = root
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("epoch", &epoch)
        try visitor.visit("root", &root)
    }
}
