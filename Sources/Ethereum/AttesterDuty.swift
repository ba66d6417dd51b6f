import SSZ

/// One validator's attester duty as a beacon node assigns it.
///
/// JSON is the beacon API's row of `POST /eth/v1/validator/duties/attester/{epoch}`; SSZ (96 bytes) is the duty half
/// of a consensus value. In the cluster `pubKey` is always the validator's group key, never a share.
package struct AttesterDuty: SSZContainer, Hashable, Sendable {
    package var pubKey = PubKey.zero
    package var slot = Slot.zero
    package var validatorIndex = ValidatorIndex.zero
    package var committeeIndex = CommitteeIndex.zero
    /// Members of the committee.
    package var committeeLength: UInt64 = 0
    package var committeesAtSlot: UInt64 = 0
    /// Position of the validator in the committee, 0-based.
    package var validatorCommitteeIndex: UInt64 = 0

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("pubkey", &pubKey)
        try visitor.visit("slot", &slot)
        try visitor.visit("validator_index", &validatorIndex)
        try visitor.visit("committee_index", &committeeIndex)
        try visitor.visit("committee_length", &committeeLength)
        try visitor.visit("committees_at_slot", &committeesAtSlot)
        try visitor.visit("validator_committee_index", &validatorCommitteeIndex)
    }
}
