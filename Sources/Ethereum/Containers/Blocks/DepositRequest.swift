import SSZ

/// A deposit as the execution layer reports it. SSZ: 192 bytes, fixed. Source: consensus-specs electra/beacon-chain.md.
package struct DepositRequest: SSZContainer, Hashable {
    package var pubKey = PubKey.zero
    package var withdrawalCredentials = Bytes32.zero
    package var amount = Gwei.zero
    package var signature = SignatureBytes.zero
    package var index = UInt64(0)

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("pubkey", &pubKey)
        try visitor.visit("withdrawal_credentials", &withdrawalCredentials)
        try visitor.visit("amount", &amount)
        try visitor.visit("signature", &signature)
        try visitor.visit("index", &index)
    }
}
