import Ethereum

/// What beacon nodes tell of an epoch's duties, each by a question of its own.
package enum DutyKind: Int, CaseIterable, Comparable, CustomStringConvertible, Sendable {
    case attester, proposer, sync

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    package var description: String {
        switch self {
        case .attester: "attester"
        case .proposer: "proposer"
        case .sync: "sync committee"
        }
    }
}

extension DutyDefinition {
    package var kind: DutyKind {
        switch self {
        case .attester: .attester
        case .proposer: .proposer
        case .sync: .sync
        }
    }
}

extension DutyType {
    /// Whose rows tell who has such duties; nil where no beacon node can tell.
    var kind: DutyKind? {
        switch rules.definedBy {
        case .attester?, .aggregator?: .attester
        case .proposer?: .proposer
        case .syncContribution?: .sync
        case nil, .signature?, .exit?, .builderProposer?, .builderRegistration?, .randao?, .prepareAggregator?,
            .syncMessage?, .prepareSyncContribution?, .infoSync?:
            nil
        }
    }
}
