import Ethereum
import SSZ

/// What a duty needs of the beacon node.
package enum FetchRequest: Hashable, Sendable {
    /// Attestation data of the duty's slot for these committees.
    case attestationData([CommitteeIndex])
    case proposal(ProposalRequest)
    case aggregates([AggregateRequest])
    case contributions([ContributionRequest])
    /// The head that sync committee members vote for.
    case headRoot
}

/// What a beacon node gave for a `FetchRequest`.
package enum FetchedData: Hashable, Sendable {
    /// By committee; from Electra on just that of committee 0.
    case attestationData([CommitteeIndex: AttestationData])
    case proposal(VersionedProposal)
    case aggregates([AggregateRequest: VersionedAttestation])
    case contributions([ContributionRequest: SyncCommitteeContribution])
    case headRoot(Root)
}

/// A block to propose.
package struct ProposalRequest: Hashable, Sendable {
    /// The cluster's signature over the epoch.
    package var randaoReveal: SignatureBytes
    package var graffiti: Bytes32
    /// Whether a builder's block is wanted, else the beacon node's own.
    package var wantsBuilder: Bool
    /// Whose block it is.
    package var proposer: ValidatorIndex
    /// Whom it should pay; nil if that is not known.
    package var feeRecipient: Bytes20?

    package init(
        randaoReveal: SignatureBytes, graffiti: Bytes32, wantsBuilder: Bool, proposer: ValidatorIndex,
        feeRecipient: Bytes20? = nil
    ) {
        self.randaoReveal = randaoReveal
        self.graffiti = graffiti
        self.wantsBuilder = wantsBuilder
        self.proposer = proposer
        self.feeRecipient = feeRecipient
    }
}

/// The aggregate of one committee's votes for the same data.
package struct AggregateRequest: Hashable, Sendable {
    package var dataRoot: Root
    package var committee: CommitteeIndex

    package init(dataRoot: Root, committee: CommitteeIndex) {
        self.dataRoot = dataRoot
        self.committee = committee
    }
}

/// The contribution of one sync subcommittee's votes for the same block.
package struct ContributionRequest: Hashable, Sendable {
    package var subcommittee: UInt64
    package var blockRoot: Root

    package init(subcommittee: UInt64, blockRoot: Root) {
        self.subcommittee = subcommittee
        self.blockRoot = blockRoot
    }
}
