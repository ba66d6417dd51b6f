import SSZ

/// Signing roots of objects that come in several forms, and of selections.
extension SigningDomains {
    package func proposer(_ proposal: VersionedProposal) -> Root {
        proposer(slot: proposal.slot, blockRoot: proposal.messageRoot)
    }

    package func aggregator(_ signed: VersionedAggregateAndProof) -> Root {
        switch signed.form {
        case .phase0(let signed): aggregator(signed.message)
        case .electra(let signed): aggregator(signed.message)
        }
    }

    package func prepareAggregator(_ selection: BeaconCommitteeSelection) -> Root {
        prepareAggregator(selection.slot)
    }

    package func prepareSyncContribution(_ selection: SyncCommitteeSelection) -> Root {
        prepareSyncContribution(selection.selectionData)
    }
}
