extension UnsignedData {
    /// What tells values of one slot apart for whoever does not know the validator: for an attestation the committee
    /// and the place in it. Numbers from the network, in no range.
    package var lookup: (committee: UInt64, validator: UInt64) {
        switch self {
        case .attester(_, let duty): (duty.committeeIndex.rawValue, duty.validatorCommitteeIndex)
        case .aggregate(let attestation): (attestation.committeeIndex?.rawValue ?? 0, 0)
        case .proposal, .contributions: (0, 0)
        }
    }
}
