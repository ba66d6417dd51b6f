import Ethereum
import SSZ

/// What a node that signs by itself has to sign, with empty signatures: what a validator client would make of the same
/// values and duties. Source: workflow.md §2, §5.9.
struct OwnObjects: Sendable {
    let configuration: WorkflowConfiguration
    let signatures: AggSigDB

    /// Of what the cluster decided. A validator whose proof is not there yet is left out.
    ///
    /// - Parameter definitions: what our beacon node says of the duty.
    func objects(_ duty: Duty, _ set: UnsignedDataSet, _ definitions: DutyDefinitionSet) -> SignedDataSet {
        var objects: SignedDataSet = [:]
        for (pubKey, value) in set {
            switch value {
            case .proposal(let proposal): objects[EntryKey(pubKey)] = .proposal(proposal.signed(with: .zero))
            case .attester(let data, let row):
                let fork = configuration.forks.fork(at: data.target.epoch)
                guard let attestation = VersionedAttestation(fork: fork, data: data, duty: row) else { continue }
                objects[EntryKey(pubKey)] = .attestation(attestation)
            case .aggregate(let aggregate):
                let proof = signatures.value(Duty(slot: duty.slot, type: .prepareAggregator), EntryKey(pubKey))
                guard let index = definitions[pubKey]?.validatorIndex, let proof else { continue }
                objects[EntryKey(pubKey)] = .aggregateAndProof(
                    VersionedAggregateAndProof(
                        aggregatorIndex: index, aggregate: aggregate, selectionProof: proof.signature))
            case .contributions(let contributions):
                guard let index = definitions[pubKey]?.validatorIndex else { continue }
                for contribution in contributions.all {
                    let key = EntryKey(pubKey, subcommittee: contribution.subcommitteeIndex)
                    let proof = signatures.value(Duty(slot: duty.slot, type: .prepareSyncContribution), key)
                    guard let proof else { continue }
                    let message = ContributionAndProof(
                        aggregatorIndex: index, contribution: contribution, selectionProof: proof.signature)
                    objects[key] = .contributionAndProof(Signed(message: message, signature: .zero))
                }
            }
        }
        return objects
    }

    /// Of duties that need no value: randao reveals and selection proofs.
    func objects(_ duty: Duty, _ definitions: DutyDefinitionSet) -> SignedDataSet {
        var objects: SignedDataSet = [:]
        for (pubKey, definition) in definitions {
            let index = definition.validatorIndex
            switch duty.type {
            case .randao:
                objects[EntryKey(pubKey)] = .randao(
                    SignedEpoch(epoch: configuration.clock.epoch(of: duty.slot), signature: .zero))
            case .prepareAggregator:
                objects[EntryKey(pubKey)] = .committeeSelection(
                    BeaconCommitteeSelection(validatorIndex: index, slot: duty.slot, selectionProof: .zero))
            case .prepareSyncContribution:
                guard let row = definition.syncDuty else { continue }
                for subcommittee in row.subcommittees(configuration.spec.preset) {
                    objects[EntryKey(pubKey, subcommittee: subcommittee)] = .syncSelection(
                        SyncCommitteeSelection(
                            validatorIndex: index, slot: duty.slot, subcommitteeIndex: subcommittee,
                            selectionProof: .zero))
                }
            case .proposer, .attester, .signature, .exit, .builderProposer, .builderRegistration, .aggregator,
                .syncMessage, .syncContribution, .infoSync:
                break
            }
        }
        return objects
    }
}
