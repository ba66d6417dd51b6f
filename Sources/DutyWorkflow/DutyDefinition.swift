import Ethereum

/// What the beacon node says of one validator's work. Each case names the duties it makes.
package enum DutyDefinition: Hashable, Sendable {
    case attester(AttesterDuty)

    package var pubKey: PubKey {
        switch self {
        case .attester(let row): row.pubKey
        }
    }

    package var duties: [Duty] {
        switch self {
        case .attester(let row): [.attester(slot: row.slot)]
        }
    }

    package var attesterDuty: AttesterDuty? {
        switch self {
        case .attester(let row): row
        }
    }
}

package typealias DutyDefinitionSet = [PubKey: DutyDefinition]
