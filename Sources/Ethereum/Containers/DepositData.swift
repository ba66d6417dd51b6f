import SSZ

/// A deposit. SSZ: 184 bytes, fixed. Source: consensus-specs phase0/beacon-chain.md.
package struct DepositData: SSZContainer, Hashable {
    package var pubKey = PubKey.zero
    package var withdrawalCredentials = Bytes32.zero
    package var amount = Gwei.zero
    package var signature = SignatureBytes.zero

    package init() {}

    package init(pubKey: PubKey, withdrawalCredentials: Bytes32, amount: Gwei, signature: SignatureBytes) {
        self.pubKey = pubKey
        self.withdrawalCredentials = withdrawalCredentials
        self.amount = amount
        self.signature = signature
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("pubkey", &pubKey)
        try visitor.visit("withdrawal_credentials", &withdrawalCredentials)
        try visitor.visit("amount", &amount)
        try visitor.visit("signature", &signature)
    }
}
