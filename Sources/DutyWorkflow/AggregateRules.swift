import Ethereum
import SSZ

/// What every proposed aggregate must satisfy. Source: workflow.md §8; consensus-specs validator.md, "Attestation
/// aggregation".
package enum AggregateRules {
    /// - Parameter decided: the attestation data of the committee's slot, if this node knows them.
    static func fault(
        in aggregate: VersionedAttestation, slot: Slot, row: AttesterDuty?, decided: AttestationData?,
        _ configuration: WorkflowConfiguration
    ) -> String? {
        if let fault = fault(in: aggregate, slot: slot, configuration.spec, configuration.clock) { return fault }
        if let row, let committee = aggregate.committeeIndex, row.committeeIndex != committee {
            return "an aggregate of committee \(committee.rawValue)"
        }
        if let decided, decided != aggregate.data {
            return "an aggregate of other votes than the cluster's"
        }
        return nil
    }

    /// What is wrong with it whoever is to aggregate.
    package static func fault(
        in aggregate: VersionedAttestation, slot: Slot, _ spec: ChainSpec, _ clock: SlotClock
    ) -> String? {
        if aggregate.data.slot != slot { return "an aggregate of slot \(aggregate.data.slot.rawValue)" }
        guard aggregate.fork == spec.forks.fork(at: clock.epoch(of: slot)) else {
            return "an aggregate of fork \(aggregate.fork), which does not rule slot \(slot.rawValue)"
        }
        guard let committee = aggregate.committeeIndex else { return "an aggregate without exactly one committee" }
        // Nodes exchange mainnet's shape, which has room for more than a smaller chain's.
        let preset = spec.preset
        if committee.rawValue >= UInt64(preset.maxCommitteesPerSlot) {
            return "an aggregate of committee \(committee.rawValue), which this chain does not have"
        }
        if aggregate.aggregationBits.count > preset.maxValidatorsPerCommittee {
            return "an aggregate of \(aggregate.aggregationBits.count) seats, more than a committee has"
        }
        if aggregate.aggregationBits.setCount == 0 { return "an aggregate of nobody's votes" }
        return nil
    }
}

/// What every proposed contribution must satisfy. Source: workflow.md §8; consensus-specs altair/validator.md.
enum ContributionRules {
    static func fault(
        in contributions: Contributions, slot: Slot, row: SyncDuty?, preset: Preset
    ) -> String? {
        let seats = row.map { Set($0.subcommittees(preset)) }
        for contribution in contributions.all {
            let subcommittee = contribution.subcommitteeIndex
            if contribution.slot != slot { return "a contribution of slot \(contribution.slot.rawValue)" }
            if let seat = contribution.aggregationBits.setIndices.last, seat >= preset.syncSubcommitteeSize {
                return "a contribution with a vote of seat \(seat), which its subcommittee does not have"
            }
            if subcommittee >= UInt64(preset.syncCommitteeSubnetCount) || seats?.contains(subcommittee) == false {
                return "a contribution of subcommittee \(subcommittee), in which the validator has no seat"
            }
        }
        return nil
    }
}
