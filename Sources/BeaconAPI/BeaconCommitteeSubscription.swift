import Ethereum
import SSZ

/// One row of `POST beacon_committee_subscriptions`: the node joins the subnet of a validator's committee.
package struct BeaconCommitteeSubscription: SSZContainer, Hashable {
    package var validatorIndex = ValidatorIndex.zero
    package var committeeIndex = CommitteeIndex.zero
    package var committeesAtSlot = UInt64(0)
    package var slot = Slot.zero
    /// The node gathers attestations too.
    package var isAggregator = false

    package init() {}

    package init(_ duty: AttesterDuty, isAggregator: Bool) {
        validatorIndex = duty.validatorIndex
        committeeIndex = duty.committeeIndex
        committeesAtSlot = duty.committeesAtSlot
        slot = duty.slot
        self.isAggregator = isAggregator
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("validator_index", &validatorIndex)
        try visitor.visit("committee_index", &committeeIndex)
        try visitor.visit("committees_at_slot", &committeesAtSlot)
        try visitor.visit("slot", &slot)
        try visitor.visit("is_aggregator", &isAggregator)
    }
}
