import SSZ

/// Its root is what gets signed. SSZ: 64 bytes, fixed. Source: consensus-specs phase0/beacon-chain.md.
package struct SigningData: SSZContainer, Hashable {
    package var objectRoot = Root.zero
    package var domain = Bytes32.zero

    package init() {}

    package init(objectRoot: Root, domain: Bytes32) {
        self.objectRoot = objectRoot
        self.domain = domain
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("object_root", &objectRoot)
        try visitor.visit("domain", &domain)
    }
}
