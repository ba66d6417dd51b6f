import Ethereum
import SSZ

/// One row of `POST sync_committee_subscriptions`: the node joins the subnets of a validator's seats.
package struct SyncCommitteeSubscription: SSZContainer, Hashable {
    /// SYNC_COMMITTEE_SIZE of the largest preset.
    private static let positionsMax = 512

    package var validatorIndex = ValidatorIndex.zero
    /// Positions in the committee, as `SyncDuty` has them.
    package var syncCommitteeIndices: [UInt64] = []
    /// The first epoch that needs no subscription any more.
    package var untilEpoch = Epoch.zero

    package init() {}

    package init(_ duty: SyncDuty, until epoch: Epoch) {
        validatorIndex = duty.validatorIndex
        syncCommitteeIndices = duty.validatorSyncCommitteeIndices
        untilEpoch = epoch
    }

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("validator_index", &validatorIndex)
        try visitor.visit("sync_committee_indices", &syncCommitteeIndices, limit: Self.positionsMax)
        try visitor.visit("until_epoch", &untilEpoch)
    }
}
