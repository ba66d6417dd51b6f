import SSZ

/// The domain and signing root of every kind of message, on one chain. Source: eth2-types.md §5.
///
/// The fork version is that of the message's own epoch, also when it is signed earlier, except for exits, builder
/// registrations and deposits.
package struct SigningDomains: Hashable, Sendable {
    package let forks: ForkSchedule
    package let genesisValidatorsRoot: Root
    /// The version of exits: Capella's, for ever (EIP-7044). Charon takes it from its network table by the cluster
    /// lock's fork version, not from the beacon node.
    package let exitVersion: ForkVersion
    /// Above zero.
    package let slotsPerEpoch: UInt64
    /// Sizes that hash tree roots depend on.
    package let preset: Preset

    /// - Precondition: `slotsPerEpoch > 0`; `ChainSpec` guarantees it.
    package init(
        forks: ForkSchedule, genesisValidatorsRoot: Root, exitVersion: ForkVersion, slotsPerEpoch: UInt64,
        preset: Preset
    ) {
        precondition(slotsPerEpoch > 0)
        self.forks = forks
        self.genesisValidatorsRoot = genesisValidatorsRoot
        self.exitVersion = exitVersion
        self.slotsPerEpoch = slotsPerEpoch
        self.preset = preset
    }

    package init(spec: ChainSpec, genesisValidatorsRoot: Root, exitVersion: ForkVersion) {
        self.init(
            forks: spec.forks, genesisValidatorsRoot: genesisValidatorsRoot, exitVersion: exitVersion,
            slotsPerEpoch: spec.slotsPerEpoch, preset: spec.preset)
    }

    /// The domain of a message of this type and epoch. Types that are tied to one version ignore the epoch.
    package func domain(_ type: DomainType, at epoch: Epoch) -> Bytes32 {
        switch type {
        case .voluntaryExit:
            computeDomain(type, version: exitVersion, genesisValidatorsRoot: genesisValidatorsRoot)
        case .deposit, .applicationBuilder:
            // Valid on the chain for ever, and before its genesis.
            computeDomain(type, version: forks.genesisVersion, genesisValidatorsRoot: .zero)
        default:
            computeDomain(type, version: forks.version(at: epoch), genesisValidatorsRoot: genesisValidatorsRoot)
        }
    }

    package func epoch(of slot: Slot) -> Epoch { slot.epoch(slotsPerEpoch: slotsPerEpoch) }

    private func signingRoot(_ object: Root, _ type: DomainType, at epoch: Epoch) -> Root {
        computeSigningRoot(objectRoot: object, domain: domain(type, at: epoch))
    }
}

/// One signing root per kind of message.
extension SigningDomains {
    /// - Parameter blockRoot: of the block message; a blinded block has the same.
    package func proposer(slot: Slot, blockRoot: Root) -> Root {
        signingRoot(blockRoot, .beaconProposer, at: epoch(of: slot))
    }

    package func attester(_ data: AttestationData) -> Root {
        signingRoot(data.hashTreeRoot(), .beaconAttester, at: data.target.epoch)
    }

    package func randao(_ epoch: Epoch) -> Root {
        signingRoot(epoch.hashTreeRoot(), .randao, at: epoch)
    }

    package func deposit(_ message: DepositMessage) -> Root {
        signingRoot(message.hashTreeRoot(), .deposit, at: .zero)
    }

    package func exit(_ message: VoluntaryExit) -> Root {
        signingRoot(message.hashTreeRoot(), .voluntaryExit, at: message.epoch)
    }

    /// The selection proof of a beacon committee's aggregator.
    package func prepareAggregator(_ slot: Slot) -> Root {
        signingRoot(slot.hashTreeRoot(), .selectionProof, at: epoch(of: slot))
    }

    package func aggregator(_ message: AggregateAndProofPhase0) -> Root {
        let epoch = epoch(of: message.aggregate.data.slot)
        return signingRoot(message.hashTreeRoot(preset: preset), .aggregateAndProof, at: epoch)
    }

    package func aggregator(_ message: AggregateAndProofElectra) -> Root {
        let epoch = epoch(of: message.aggregate.data.slot)
        return signingRoot(message.hashTreeRoot(preset: preset), .aggregateAndProof, at: epoch)
    }

    /// The block root is signed as it is, not hashed again.
    package func syncMessage(slot: Slot, beaconBlockRoot: Root) -> Root {
        signingRoot(beaconBlockRoot, .syncCommittee, at: epoch(of: slot))
    }

    package func prepareSyncContribution(_ data: SyncAggregatorSelectionData) -> Root {
        signingRoot(data.hashTreeRoot(), .syncCommitteeSelectionProof, at: epoch(of: data.slot))
    }

    package func syncContribution(_ message: ContributionAndProof) -> Root {
        let epoch = epoch(of: message.contribution.slot)
        return signingRoot(message.hashTreeRoot(preset: preset), .contributionAndProof, at: epoch)
    }

    package func builderRegistration(_ message: ValidatorRegistration) -> Root {
        signingRoot(message.hashTreeRoot(), .applicationBuilder, at: .zero)
    }
}
