import Ethereum

/// What every attestation must satisfy whoever proposes it. Source: consensus-specs validator.md, "Attesting"; EIP-7549.
package enum AttestationRules {
    /// - Parameter row: of the validator whose vote it is.
    static func fault(
        in data: AttestationData, of row: AttesterDuty, slot: Slot, _ configuration: WorkflowConfiguration
    ) -> String? {
        fault(in: data, slot: slot, committee: committee(of: row, configuration), configuration.clock)
    }

    /// - Parameter committee: the one that was asked for, which the data name.
    package static func fault(
        in data: AttestationData, slot: Slot, committee: CommitteeIndex, _ clock: SlotClock
    ) -> String? {
        if data.slot != slot { return "attestation data of slot \(data.slot.rawValue) for slot \(slot.rawValue)" }
        if data.target.epoch != clock.epoch(of: slot) {
            return "target epoch \(data.target.epoch.rawValue) is not the epoch of slot \(slot.rawValue)"
        }
        // Justified is what an earlier epoch voted for; only the first epoch has none before it.
        if data.source.epoch >= data.target.epoch, data.target.epoch > .zero {
            return "source epoch \(data.source.epoch.rawValue) is not below target epoch \(data.target.epoch.rawValue)"
        }
        if data.source.epoch > data.target.epoch { return "source epoch above target epoch 0" }
        if data.index != committee {
            return "attestation data for committee \(data.index.rawValue) instead of \(committee.rawValue)"
        }
        return nil
    }

    /// What the data name: from Electra on those of all committees are the same and name committee 0.
    static func committee(of row: AttesterDuty, _ configuration: WorkflowConfiguration) -> CommitteeIndex {
        let fork = configuration.forks.fork(at: configuration.clock.epoch(of: row.slot))
        return fork.usesElectraAttestations ? .zero : row.committeeIndex
    }
}
