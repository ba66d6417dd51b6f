import SSZ

/// One row of `POST duties/sync/{epoch}`: a validator's positions in the sync committee.
package struct SyncDuty: SSZContainer, Hashable {
    /// SYNC_COMMITTEE_SIZE of the largest preset.
    private static let positionsMax = 512

    package var pubKey = PubKey.zero
    package var validatorIndex = ValidatorIndex.zero
    package var validatorSyncCommitteeIndices: [UInt64] = []

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("pubkey", &pubKey)
        try visitor.visit("validator_index", &validatorIndex)
        try visitor.visit(
            "validator_sync_committee_indices", &validatorSyncCommitteeIndices, limit: Self.positionsMax)
    }
}
