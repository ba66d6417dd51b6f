import SSZ

/// A validator's wish to leave. SSZ: 16 bytes, fixed. Source: consensus-specs phase0/beacon-chain.md.
package struct VoluntaryExit: SSZContainer, Hashable {
    /// The earliest epoch at which the exit may be included.
    package var epoch = Epoch.zero
    package var validatorIndex = ValidatorIndex.zero

    package init() {}

    package init(epoch: Epoch, validatorIndex: ValidatorIndex) {
        self.epoch = epoch
        self.validatorIndex = validatorIndex
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("epoch", &epoch)
        try visitor.visit("validator_index", &validatorIndex)
    }
}
