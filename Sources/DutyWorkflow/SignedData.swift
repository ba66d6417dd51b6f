import Ethereum
import SSZ

/// A signed object of a duty: as one share signed it, or with the recovered group signature.
package enum SignedData: Hashable, Sendable {
    case proposal(VersionedSignedProposal)
    case attestation(VersionedAttestation)
    case exit(SignedVoluntaryExit)
    case registration(SignedValidatorRegistration)
    case randao(SignedEpoch)
    case committeeSelection(BeaconCommitteeSelection)
    case aggregateAndProof(VersionedAggregateAndProof)
    case syncMessage(SyncCommitteeMessage)
    case syncSelection(SyncCommitteeSelection)
    case contributionAndProof(SignedContributionAndProof)

    package var dutyType: DutyType {
        switch self {
        case .proposal: .proposer
        case .attestation: .attester
        case .exit: .exit
        case .registration: .builderRegistration
        case .randao: .randao
        case .committeeSelection: .prepareAggregator
        case .aggregateAndProof: .aggregator
        case .syncMessage: .syncMessage
        case .syncSelection: .prepareSyncContribution
        case .contributionAndProof: .syncContribution
        }
    }

    /// The sync subcommittee it was signed for; 0 where there is none.
    package var subcommittee: UInt64 {
        switch self {
        case .syncSelection(let selection): selection.subcommitteeIndex
        case .contributionAndProof(let signed): signed.message.contribution.subcommitteeIndex
        case .proposal, .attestation, .exit, .registration, .randao, .committeeSelection, .aggregateAndProof,
            .syncMessage:
            0
        }
    }

    /// Root of the part that is signed, in mainnet's shape except for blocks. Partial signatures are grouped by it (workflow.md §1.4).
    package var messageRoot: Root {
        switch self {
        case .proposal(let signed): signed.messageRoot
        case .attestation(let attestation): attestation.data.hashTreeRoot()
        case .exit(let signed): signed.message.hashTreeRoot()
        case .registration(let signed): signed.message.hashTreeRoot()
        case .randao(let signed): signed.epoch.hashTreeRoot()
        case .committeeSelection(let selection): selection.slot.hashTreeRoot()
        case .aggregateAndProof(let signed): signed.messageRoot()
        case .syncMessage(let message): message.beaconBlockRoot
        case .syncSelection(let selection): selection.selectionData.hashTreeRoot()
        case .contributionAndProof(let signed): signed.message.hashTreeRoot()
        }
    }

    package var signature: SignatureBytes {
        switch self {
        case .proposal(let signed): signed.signature
        case .attestation(let attestation): attestation.signature
        case .exit(let signed): signed.signature
        case .registration(let signed): signed.signature
        case .randao(let signed): signed.signature
        case .committeeSelection(let selection): selection.selectionProof
        case .aggregateAndProof(let signed): signed.signature
        case .syncMessage(let message): message.signature
        case .syncSelection(let selection): selection.selectionProof
        case .contributionAndProof(let signed): signed.signature
        }
    }

    /// The same object with another signature.
    package func with(signature: SignatureBytes) -> SignedData {
        switch self {
        case .proposal(let old): .proposal(old.changing(\.signature, to: signature))
        case .attestation(let old): .attestation(old.changing(\.signature, to: signature))
        case .exit(let old): .exit(old.changing(\.signature, to: signature))
        case .registration(let old): .registration(old.changing(\.signature, to: signature))
        case .randao(let old): .randao(old.changing(\.signature, to: signature))
        case .committeeSelection(let old): .committeeSelection(old.changing(\.selectionProof, to: signature))
        case .aggregateAndProof(let old): .aggregateAndProof(old.changing(\.signature, to: signature))
        case .syncMessage(let old): .syncMessage(old.changing(\.signature, to: signature))
        case .syncSelection(let old): .syncSelection(old.changing(\.selectionProof, to: signature))
        case .contributionAndProof(let old): .contributionAndProof(old.changing(\.signature, to: signature))
        }
    }
}

/// A signed object as one share signed it.
package struct ParSignedData: Hashable, Sendable {
    package var data: SignedData
    package var shareIndex: ShareIndex

    package init(data: SignedData, shareIndex: ShareIndex) {
        self.data = data
        self.shareIndex = shareIndex
    }
}

package typealias SignedDataSet = [EntryKey: SignedData]
package typealias ParSignedDataSet = [EntryKey: ParSignedData]

/// Objects that carry the signature over a part of themselves.
private protocol Resignable {}
extension VersionedSignedProposal: Resignable {}
extension VersionedAttestation: Resignable {}
extension VersionedAggregateAndProof: Resignable {}
extension Signed: Resignable {}
extension SignedEpoch: Resignable {}
extension BeaconCommitteeSelection: Resignable {}
extension SyncCommitteeMessage: Resignable {}
extension SyncCommitteeSelection: Resignable {}

extension Resignable {
    fileprivate func changing(_ field: WritableKeyPath<Self, SignatureBytes>, to signature: SignatureBytes) -> Self {
        var copy = self
        copy[keyPath: field] = signature
        return copy
    }
}
