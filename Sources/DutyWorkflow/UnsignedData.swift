import Ethereum
import SSZ

/// What the cluster agrees on for one validator: the value that consensus decides and validator clients sign.
package enum UnsignedData: Hashable, Sendable {
    case attester(AttestationData, AttesterDuty)
    case proposal(VersionedProposal)
    /// Without validator index.
    case aggregate(VersionedAttestation)
    case contributions(Contributions)

    package var dutyType: DutyType {
        switch self {
        case .attester: .attester
        case .proposal: .proposer
        case .aggregate: .aggregator
        case .contributions: .syncContribution
        }
    }

    /// Of what carries it; nil for what has the same form in every fork.
    var fork: ForkName? {
        switch self {
        case .proposal(let proposal): proposal.fork
        case .aggregate(let aggregate): aggregate.fork
        case .attester, .contributions: nil
        }
    }

    /// The validator's row, where the cluster agrees on it with the value.
    package var definition: DutyDefinition? {
        switch self {
        case .attester(_, let row): .attester(row)
        case .proposal, .aggregate, .contributions: nil
        }
    }
}

package typealias UnsignedDataSet = [PubKey: UnsignedData]

/// One validator's sync contributions of a slot, by subcommittee. Source: v1.11.md §3.
package struct Contributions: Hashable, Sendable {
    /// In ascending order of subcommittees; one of each at most, never none.
    package let all: [SyncCommitteeContribution]
    /// Whether nodes exchange it as a list: only once a threshold of the cluster knows that form.
    package let isList: Bool

    /// A single one, in the form that every node knows.
    package init(_ contribution: SyncCommitteeContribution) {
        all = [contribution]
        isList = false
    }

    /// - Returns: nil unless subcommittees ascend.
    package init?(list: [SyncCommitteeContribution]) {
        guard !list.isEmpty, zip(list, list.dropFirst()).allSatisfy({ $0.subcommitteeIndex < $1.subcommitteeIndex })
        else { return nil }
        all = list
        isList = true
    }

    package subscript(subcommittee: UInt64) -> SyncCommitteeContribution? {
        all.first { $0.subcommitteeIndex == subcommittee }
    }
}
