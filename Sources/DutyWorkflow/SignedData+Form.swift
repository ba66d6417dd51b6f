import Ethereum
import SSZ

extension SignedData {
    /// What is wrong with it as one operator's partial signature of a duty: nodes exchange one form, nothing else, so
    /// that nobody can put weight into what is not signed. Source: protocols.md §2.7.
    ///
    /// - Returns: for people; nil if it is in order.
    package func fault(in duty: Duty, clock: SlotClock, forks: ForkSchedule) -> String? {
        switch self {
        case .attestation(let attestation):
            guard duty.type == .attester, attestation.data.slot == duty.slot else { return "signed for another duty" }
            guard attestation.fork == forks.fork(at: clock.epoch(of: duty.slot)) else {
                return "of fork \(attestation.fork), which does not rule slot \(duty.slot.rawValue)"
            }
            let bits = attestation.aggregationBits
            guard bits.count <= Preset.mainnet.maxValidatorsPerCommittee, bits.setCount <= 1 else {
                return "with \(bits.setCount) of \(bits.count) aggregation bits set, of one validator's vote"
            }
            guard attestation.committeeIndex != nil else { return "without exactly one committee" }
            return nil
        }
    }

    /// Whether the unsigned side information that a broadcast needs is there.
    var isComplete: Bool {
        switch self {
        case .attestation(let attestation): attestation.validatorIndex != nil && attestation.committeeIndex != nil
        }
    }
}
