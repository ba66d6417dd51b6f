import DutyWorkflow

/// Which signatures go first when a signer is busy. Source: remote-signer.md §C.3 (5).
package enum SigningRank: Int, CaseIterable, Comparable, Sendable {
    case proposer, randao, attester, syncMessage, selection, rest

    package init(_ type: DutyType) {
        switch type {
        case .proposer: self = .proposer
        case .randao: self = .randao
        case .attester: self = .attester
        case .syncMessage: self = .syncMessage
        case .prepareAggregator, .prepareSyncContribution: self = .selection
        case .aggregator, .syncContribution, .exit, .builderRegistration, .builderProposer, .signature, .infoSync:
            self = .rest
        }
    }

    /// Never takes all of a signer's workers.
    var isLow: Bool { self >= .selection }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
