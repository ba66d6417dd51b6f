import SSZ

/// One row of `GET duties/proposer/{epoch}`: who proposes a block in a slot.
package struct ProposerDuty: SSZContainer, Hashable {
    package var pubKey = PubKey.zero
    package var validatorIndex = ValidatorIndex.zero
    package var slot = Slot.zero

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("pubkey", &pubKey)
        try visitor.visit("validator_index", &validatorIndex)
        try visitor.visit("slot", &slot)
    }
}
