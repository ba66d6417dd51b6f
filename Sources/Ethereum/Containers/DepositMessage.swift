import SSZ

/// The part of a deposit that is signed. SSZ: 88 bytes, fixed. Source: consensus-specs phase0/beacon-chain.md.
package struct DepositMessage: SSZContainer, Hashable {
    package var pubKey = PubKey.zero
    package var withdrawalCredentials = Bytes32.zero
    package var amount = Gwei.zero

    package init() {}

    package init(pubKey: PubKey, withdrawalCredentials: Bytes32, amount: Gwei) {
        self.pubKey = pubKey
        self.withdrawalCredentials = withdrawalCredentials
        self.amount = amount
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("pubkey", &pubKey)
        try visitor.visit("withdrawal_credentials", &withdrawalCredentials)
        try visitor.visit("amount", &amount)
    }
}
