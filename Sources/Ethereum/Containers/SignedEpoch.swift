import SSZ

/// An epoch and its proposer's signature, which is the randao reveal of the blocks of that epoch.
///
/// JSON is what nodes of a cluster exchange. Source: protocols.md §2.7, Randao.
package struct SignedEpoch: SSZContainer, Hashable {
    package var epoch = Epoch.zero
    package var signature = SignatureBytes.zero

    package init() {}

    package init(epoch: Epoch, signature: SignatureBytes) {
        self.epoch = epoch
        self.signature = signature
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("epoch", &epoch)
        try visitor.visit("signature", &signature)
    }
}
