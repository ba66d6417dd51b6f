import SSZ

/// Two fork versions and the epoch of the change. SSZ: 16 bytes, fixed.
///
/// Source: consensus-specs phase0/beacon-chain.md.
package struct Fork: SSZContainer, Hashable {
    package var previousVersion = ForkVersion.zero
    package var currentVersion = ForkVersion.zero
    package var epoch = Epoch.zero

    package init() {}

    package init(previousVersion: ForkVersion, currentVersion: ForkVersion, epoch: Epoch) {
        self.previousVersion = previousVersion
        self.currentVersion = currentVersion
        self.epoch = epoch
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("previous_version", &previousVersion)
        try visitor.visit("current_version", &currentVersion)
        try visitor.visit("epoch", &epoch)
    }
}
