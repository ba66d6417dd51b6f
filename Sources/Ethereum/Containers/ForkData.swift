import SSZ

/// What a signing domain is derived from. SSZ: 36 bytes, fixed. Source: consensus-specs phase0/beacon-chain.md.
package struct ForkData: SSZContainer, Hashable {
    package var currentVersion = ForkVersion.zero
    package var genesisValidatorsRoot = Root.zero

    package init() {}

    package init(currentVersion: ForkVersion, genesisValidatorsRoot: Root) {
        self.currentVersion = currentVersion
        self.genesisValidatorsRoot = genesisValidatorsRoot
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("current_version", &currentVersion)
        try visitor.visit("genesis_validators_root", &genesisValidatorsRoot)
    }
}
