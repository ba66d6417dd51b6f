import Ethereum

/// What kind of work a duty is. Raw values are wire values (`core.corepb.v1.Duty.type`); valid on the wire are 1…13.
package enum DutyType: Int32, Sendable, CaseIterable, Comparable {
    case proposer = 1
    case attester
    /// DKG ceremonies only.
    case signature
    case exit
    /// Refused everywhere: "deprecated duty builder_proposer".
    case builderProposer
    case builderRegistration
    case randao
    case prepareAggregator
    case aggregator
    case syncMessage
    case prepareSyncContribution
    case syncContribution
    case infoSync

    /// The name in logs, metrics and traces, e.g. `prepare_aggregator`.
    package var name: String {
        switch self {
        case .proposer: "proposer"
        case .attester: "attester"
        case .signature: "signature"
        case .exit: "exit"
        case .builderProposer: "builder_proposer"
        case .builderRegistration: "builder_registration"
        case .randao: "randao"
        case .prepareAggregator: "prepare_aggregator"
        case .aggregator: "aggregator"
        case .syncMessage: "sync_message"
        case .prepareSyncContribution: "prepare_sync_contribution"
        case .syncContribution: "sync_contribution"
        case .infoSync: "info_sync"
        }
    }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// One piece of work of the whole cluster: all validators that have this work in this slot are decided together.
package struct Duty: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let slot: Slot
    package let type: DutyType

    package init(slot: Slot, type: DutyType) {
        self.slot = slot
        self.type = type
    }

    package static func attester(slot: Slot) -> Duty { Duty(slot: slot, type: .attester) }

    /// The duty of the slot for which the cluster's signatures of this one select validators; nil if there is none.
    var selected: Duty? { type.rules.selects.map { Duty(slot: slot, type: $0) } }

    /// `<slot>/<type>`, e.g. `123/attester`: the form of logs and trace ids.
    package var description: String { "\(slot.rawValue)/\(type.name)" }

    package static func < (a: Duty, b: Duty) -> Bool { (a.slot, a.type) < (b.slot, b.type) }
}
