import Ethereum
import SSZ

extension SignedData {
    /// What is wrong with it as one operator's partial signature of a duty: nodes exchange one form, nothing else, so
    /// that nobody can put weight into what is not signed. Source: protocols.md §2.7.
    ///
    /// - Returns: for people; nil if it is in order.
    package func fault(in duty: Duty, clock: SlotClock, forks: ForkSchedule) -> String? {
        fault(in: duty, clock: clock, fork: forks.fork(at: clock.epoch(of: duty.slot)))
    }

    /// - Parameter ruling: the fork that objects of the duty are of.
    func fault(in duty: Duty, clock: SlotClock, fork ruling: ForkName) -> String? {
        let epoch = clock.epoch(of: duty.slot)
        let isOther: Bool
        switch self {
        case .proposal(let signed): isOther = signed.slot != duty.slot
        case .attestation(let attestation):
            isOther = attestation.data.slot != duty.slot
        case .exit(let signed): isOther = clock.firstSlot(of: signed.message.epoch) != duty.slot
        case .registration: isOther = false
        case .randao(let signed): isOther = signed.epoch != epoch
        case .committeeSelection(let selection): isOther = selection.slot != duty.slot
        case .aggregateAndProof(let signed): isOther = signed.data.slot != duty.slot
        case .syncMessage(let message): isOther = message.slot != duty.slot
        case .syncSelection(let selection): isOther = selection.slot != duty.slot
        case .contributionAndProof(let signed): isOther = signed.message.contribution.slot != duty.slot
        }
        guard dutyType == duty.type, !isOther else { return "signed for another duty" }
        if let fork, fork != ruling {
            return "of fork \(fork), which does not rule slot \(duty.slot.rawValue)"
        }
        guard subcommittee < UInt64(Preset.mainnet.syncCommitteeSubnetCount) else {
            return "for subcommittee \(subcommittee), which does not exist"
        }
        return faultOfBits
    }

    /// From Electra on a list of bits has room for all committees of a slot, 16 KiB; votes and aggregates are of one.
    private var faultOfBits: String? {
        let seatsMax = Preset.mainnet.maxValidatorsPerCommittee
        switch self {
        case .attestation(let attestation):
            let bits = attestation.aggregationBits
            guard bits.count <= seatsMax, bits.setCount <= 1 else {
                return "with \(bits.setCount) of \(bits.count) aggregation bits set, of one validator's vote"
            }
            return attestation.committeeIndex == nil ? "without exactly one committee" : nil
        case .aggregateAndProof(let signed):
            let count = signed.aggregate.aggregationBits.count
            return count <= seatsMax ? nil : "with \(count) aggregation bits, more than a committee has seats,"
        case .proposal, .exit, .registration, .randao, .committeeSelection, .syncMessage, .syncSelection,
            .contributionAndProof:
            return nil
        }
    }

    private var fork: ForkName? {
        switch self {
        case .proposal(let signed): signed.fork
        case .attestation(let attestation): attestation.fork
        case .aggregateAndProof(let signed): signed.fork
        case .exit, .registration, .randao, .committeeSelection, .syncMessage, .syncSelection,
            .contributionAndProof:
            nil
        }
    }

    /// Whether the unsigned side information that a broadcast needs is there.
    var isComplete: Bool {
        guard case .attestation(let attestation) = self else { return true }
        return attestation.validatorIndex != nil && attestation.committeeIndex != nil
    }
}
