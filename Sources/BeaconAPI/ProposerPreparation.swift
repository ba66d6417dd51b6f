import Ethereum
import SSZ

/// One row of `POST prepare_beacon_proposer`: whom the blocks of a validator pay.
package struct ProposerPreparation: SSZContainer, Hashable {
    package var validatorIndex = ValidatorIndex.zero
    package var feeRecipient = Bytes20.zero

    package init() {}

    package init(validatorIndex: ValidatorIndex, feeRecipient: Bytes20) {
        self.validatorIndex = validatorIndex
        self.feeRecipient = feeRecipient
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("validator_index", &validatorIndex)
        try visitor.visit("fee_recipient", &feeRecipient)
    }
}
