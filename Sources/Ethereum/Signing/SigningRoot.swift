import SSZ

/// The domain type followed by the first 28 bytes of the fork data's root.
/// Source: consensus-specs phase0/beacon-chain.md, `compute_domain`.
package func computeDomain(_ type: DomainType, version: ForkVersion, genesisValidatorsRoot: Root) -> Bytes32 {
    let forkData = ForkData(currentVersion: version, genesisValidatorsRoot: genesisValidatorsRoot)
    return Bytes32(padding: type.bytes.bytes + forkData.hashTreeRoot().bytes.prefix(28))
}

/// What a signature signs. Source: consensus-specs phase0/beacon-chain.md, `compute_signing_root`.
package func computeSigningRoot(objectRoot: Root, domain: Bytes32) -> Root {
    SigningData(objectRoot: objectRoot, domain: domain).hashTreeRoot()
}
