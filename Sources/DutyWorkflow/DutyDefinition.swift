import Ethereum
import SSZ

/// What the beacon node says of one validator's work. Each case names the duties it makes.
package enum DutyDefinition: Hashable, Sendable {
    case attester(AttesterDuty)
    case proposer(ProposerDuty)
    /// For each slot of an epoch.
    case sync(SyncDuty)

    package var pubKey: PubKey {
        switch self {
        case .attester(let row): row.pubKey
        case .proposer(let row): row.pubKey
        case .sync(let row): row.pubKey
        }
    }

    package var validatorIndex: ValidatorIndex {
        switch self {
        case .attester(let row): row.validatorIndex
        case .proposer(let row): row.validatorIndex
        case .sync(let row): row.validatorIndex
        }
    }

    package var attesterDuty: AttesterDuty? {
        guard case .attester(let row) = self else { return nil }
        return row
    }

    var syncDuty: SyncDuty? {
        guard case .sync(let row) = self else { return nil }
        return row
    }

    /// Those of one epoch that begin by themselves.
    package func duties(in epoch: Epoch, _ clock: SlotClock) -> [Duty] {
        switch self {
        case .attester(let row): [.attester(slot: row.slot), Duty(slot: row.slot, type: .aggregator)]
        case .proposer(let row): [Duty(slot: row.slot, type: .proposer)]
        case .sync:
            (0..<clock.slotsPerEpoch).map {
                Duty(slot: Slot(clock.firstSlot(of: epoch).rawValue + $0), type: .syncContribution)
            }
        }
    }
}

package typealias DutyDefinitionSet = [PubKey: DutyDefinition]

extension SyncDuty {
    /// The subcommittees it sits in, ascending. Source: v1.11.md §3.2.
    package func subcommittees(_ preset: Preset) -> [UInt64] {
        let size = UInt64(preset.syncSubcommitteeSize)
        return Set(validatorSyncCommitteeIndices.map { $0 / max(1, size) }).sorted()
    }
}
