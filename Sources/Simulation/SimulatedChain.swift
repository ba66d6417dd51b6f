import DutyWorkflow
import Ethereum
import SSZ

/// How a beacon node lies to the node that trusts it.
package enum BeaconLie: CaseIterable, Sendable {
    /// Justified epoch 0: surrounds earlier votes.
    case oldSource
    /// The target as source: later honest votes must not surround it.
    case newSource
    /// A target that is not the slot's epoch.
    case otherTarget
}

/// A chain reduced to what a node asks of a beacon node, and fake but unforgeable-by-accident signatures.
package struct SimulatedChain: Sendable {
    package let clock: SlotClock
    /// Its forks are those of the start.
    package let spec: ChainSpec
    package let pubKeys: [PubKey]
    /// Epochs that justification lies behind; 1 when all is well.
    private let justificationLag: UInt64
    /// Seats for all validators of a slot, whichever committee they are in.
    private let committeeLength: UInt64
    private let transactionBytes: [Slot: Int]
    /// Validators with seats in the sync committee, the last of them in two subcommittees; none unless all duties are
    /// carried.
    private let syncMembers: Int

    /// - Parameters:
    ///   - forks: at the start; they may move (`SimulatedCluster.moveForks`).
    ///   - transactionBytes: of the one transaction that blocks of these slots have; others have none.
    package init(
        clock: SlotClock, validators: Int, allDuties: Bool = false, justificationLag: UInt64 = 1,
        forks: ForkSchedule = Self.forks(), transactionBytes: [Slot: Int] = [:]
    ) {
        self.clock = clock
        self.transactionBytes = transactionBytes
        committeeLength = UInt64(max(128, validators))
        syncMembers = allDuties ? 3 : 0
        self.justificationLag = justificationLag
        var spec = ChainSpec(forks: forks)
        spec.slotDuration = clock.slotDuration
        spec.slotsPerEpoch = clock.slotsPerEpoch
        // Every other validator aggregates.
        spec.targetAggregatorsPerCommittee = committeeLength / 2
        spec.targetAggregatorsPerSyncSubcommittee = 64
        self.spec = spec
        pubKeys = (0..<validators).map { index in
            PubKey([0x80] + [UInt8](repeating: 0, count: 43) + bytes(UInt32(index))) ?? .zero
        }
    }

    /// Deneb's rules from the start, later forks from the epochs told; nil is never.
    package static func forks(electra: UInt64? = 0, fulu: UInt64? = 0) -> ForkSchedule {
        let entries = ForkName.allCases.map { fork in
            let epoch: UInt64? =
                switch fork {
                case .phase0, .altair, .bellatrix, .capella, .deneb: 0
                case .electra: electra
                case .fulu: fulu
                }
            return ForkSchedule.Entry(
                fork: fork, version: Bytes4(padding: [UInt8(fork.rawValue)]),
                epoch: epoch.map { Epoch($0) } ?? .farFuture)
        }
        guard let forks = try? ForkSchedule(entries) else { preconditionFailure("Fulu comes after Electra") }
        return forks
    }

    /// What signatures cover under a schedule.
    package func domains(_ forks: ForkSchedule) -> SigningDomains {
        var spec = spec
        spec.forks = forks
        return SigningDomains(spec: spec, genesisValidatorsRoot: .zero, exitVersion: .zero)
    }

    package static func index(of validator: Int) -> ValidatorIndex { ValidatorIndex(UInt64(1000 + validator)) }

    /// Every validator attests once an epoch; several share a slot and a committee.
    ///
    /// - Parameter shift: slots by which a reorganisation moved the duties.
    package func duties(of epoch: Epoch, shift: UInt64 = 0) -> [AttesterDuty] {
        pubKeys.enumerated().map { index, pubKey in
            var row = AttesterDuty()
            let first = epoch.rawValue * clock.slotsPerEpoch
            row.pubKey = pubKey
            row.slot = Slot(first + (UInt64(index) * 5 / 2 + epoch.rawValue + shift) % clock.slotsPerEpoch)
            row.validatorIndex = Self.index(of: index)
            row.committeeIndex = CommitteeIndex(UInt64(index % 3))
            row.committeeLength = committeeLength
            row.committeesAtSlot = 3
            row.validatorCommitteeIndex = UInt64(index)
            return row
        }
    }

    package func syncDuties() -> [SyncDuty] {
        let seats = UInt64(spec.preset.syncSubcommitteeSize)
        return pubKeys.prefix(syncMembers).enumerated().map { index, pubKey in
            var row = SyncDuty()
            row.pubKey = pubKey
            row.validatorIndex = Self.index(of: index)
            row.validatorSyncCommitteeIndices = index == syncMembers - 1 ? [5, 2 * seats + 1] : [UInt64(index)]
            return row
        }
    }

    /// Every third block is ours.
    package func proposerDuties(of epoch: Epoch) -> [ProposerDuty] {
        guard syncMembers > 0 else { return [] }
        let first = clock.firstSlot(of: epoch).rawValue
        return (first..<first + clock.slotsPerEpoch).filter { $0 % 3 == 1 }.map { slot in
            var row = ProposerDuty()
            let index = Int(slot / 3) % pubKeys.count
            row.pubKey = pubKeys[index]
            row.slot = Slot(slot)
            row.validatorIndex = Self.index(of: index)
            return row
        }
    }

    /// What a beacon node says of our validators.
    package func definitions(of epoch: Epoch, shift: UInt64 = 0) -> [DutyDefinition] {
        duties(of: epoch, shift: shift).map { .attester($0) } + syncDuties().map { .sync($0) }
            + proposerDuties(of: epoch).map { .proposer($0) }
    }

    /// Whom blocks of the cluster pay.
    package static let payee = Bytes20(padding: [0xfe])

    /// A randao reveal that no cluster signed.
    package static let otherReveal = SignatureBytes(padding: [0xba, 0xd0])

    /// - Parameter node: each beacon node makes another block.
    package func proposal(
        _ slot: Slot, _ request: ProposalRequest, node: Int, pays payee: Bytes20 = Self.payee, _ forks: ForkSchedule
    ) -> VersionedProposal? {
        let row = proposerDuties(of: clock.epoch(of: slot)).first { $0.slot == slot }
        guard let row else { return nil }
        func make<Fork: BlockFork>(_: Fork.Type) -> VersionedProposal {
            var contents = BlockContents<Fork>()
            contents.block.slot = slot
            contents.block.proposerIndex = row.validatorIndex
            contents.block.parentRoot = headRoot(slot, view: false)
            contents.block.body.randaoReveal = request.randaoReveal
            contents.block.body.graffiti = Bytes32(padding: [UInt8(truncatingIfNeeded: node)])
            contents.block.body.executionPayload.feeRecipient = payee
            if let bytes = transactionBytes[slot] {
                contents.block.body.executionPayload.execution.transactions = [[UInt8](repeating: 0x5A, count: bytes)]
            }
            return VersionedProposal(contents)
        }
        switch forks.fork(at: clock.epoch(of: slot)) {
        case .phase0, .altair, .bellatrix, .capella, .deneb: return make(Deneb.self)
        case .electra: return make(Electra.self)
        case .fulu: return make(Fulu.self)
        }
    }

    /// - Parameters:
    ///   - view: which of two heads this beacon node follows.
    ///   - committee: what the data name; 0 from Electra on.
    package func attestationData(
        _ slot: Slot, view: Bool, committee: CommitteeIndex = .zero
    ) -> AttestationData {
        var data = AttestationData()
        data.index = committee
        let epoch = clock.epoch(of: slot)
        data.slot = slot
        data.beaconBlockRoot = headRoot(slot, view: view)
        data.source = checkpoint(epoch.rawValue - min(epoch.rawValue, justificationLag))
        data.target = checkpoint(epoch.rawValue)
        return data
    }

    /// Attestation data that an honest beacon node never gives.
    package func attestationData(_ slot: Slot, lie: BeaconLie) -> AttestationData {
        var data = attestationData(slot, view: false)
        switch lie {
        case .oldSource: data.source = checkpoint(0)
        case .newSource: data.source = data.target
        case .otherTarget: data.target = checkpoint(data.target.epoch.rawValue + 1)
        }
        return data
    }

    /// The block that a slot's votes are for.
    package func headRoot(_ slot: Slot, view: Bool) -> Root {
        SHA256.hash(bytes(UInt32(truncatingIfNeeded: slot.rawValue)) + [view ? 1 : 0])
    }

    /// - Parameter node: each beacon node has heard of other votes.
    package func aggregate(
        _ data: AttestationData, _ committee: CommitteeIndex, node: Int, _ forks: ForkSchedule
    ) -> VersionedAttestation? {
        let bits = Bitlist(count: Int(committeeLength), setting: [0, 1 + node])
        let fork = forks.fork(at: clock.epoch(of: data.slot))
        guard fork.usesElectraAttestations else {
            let attestation = AttestationPhase0(aggregationBits: bits, data: data, signature: .zero)
            return try? VersionedAttestation(fork: fork, form: .phase0(attestation))
        }
        let attestation = AttestationElectra(
            aggregationBits: bits, data: data, signature: .zero,
            committeeBits: Bitvector(
                count: spec.maxCommitteesPerSlot, setting: [Int(committee.rawValue) % spec.maxCommitteesPerSlot]))
        return try? VersionedAttestation(fork: fork, form: .electra(attestation))
    }

    package func contribution(_ slot: Slot, _ request: ContributionRequest, node: Int) -> SyncCommitteeContribution {
        SyncCommitteeContribution(
            slot: slot, beaconBlockRoot: request.blockRoot, subcommitteeIndex: request.subcommittee,
            aggregationBits: Bitvector(count: spec.preset.syncSubcommitteeSize, setting: [0, 1 + node]),
            signature: .zero)
    }

    /// All that a cluster should broadcast in a slot.
    ///
    /// - Parameters:
    ///   - forks: under which the cluster signs its selection proofs; those of the start if nil.
    ///   - lists: whether contributions are exchanged as lists.
    package func owed(
        in slot: Slot, _ forks: ForkSchedule? = nil, lists: Bool = false
    ) -> [(duty: Duty, key: EntryKey)] {
        let epoch = clock.epoch(of: slot)
        let domains = domains(forks ?? spec.forks)
        var owed: [(duty: Duty, key: EntryKey)] = []
        func owe(_ type: DutyType, _ key: EntryKey) { owed.append((Duty(slot: slot, type: type), key)) }
        for row in duties(of: epoch) where row.slot == slot {
            owe(.attester, EntryKey(row.pubKey))
            let selection = BeaconCommitteeSelection(
                validatorIndex: row.validatorIndex, slot: slot, selectionProof: .zero)
            let proof = groupSignature(row.pubKey, domains.signingRoot(of: .committeeSelection(selection)))
            if isAggregator(row, proof) { owe(.aggregator, EntryKey(row.pubKey)) }
        }
        for row in proposerDuties(of: epoch) where row.slot == slot { owe(.proposer, EntryKey(row.pubKey)) }
        for row in syncDuties() {
            owe(.syncMessage, EntryKey(row.pubKey))
            let selected = row.subcommittees(spec.preset).filter { subcommittee in
                let selection = SyncCommitteeSelection(
                    validatorIndex: row.validatorIndex, slot: slot, subcommitteeIndex: subcommittee,
                    selectionProof: .zero)
                return isSyncAggregator(
                    groupSignature(row.pubKey, domains.signingRoot(of: .syncSelection(selection))))
            }
            // A single one is of the lowest subcommittee that the validator is selected for.
            for subcommittee in lists ? selected[...] : selected.prefix(1) {
                owe(.syncContribution, EntryKey(row.pubKey, subcommittee: subcommittee))
            }
        }
        return owed
    }

    package func isAggregator(_ row: AttesterDuty, _ proof: SignatureBytes) -> Bool {
        AggregatorSelection.isAggregator(committeeLength: row.committeeLength, selectionProof: proof, spec: spec)
    }

    package func isSyncAggregator(_ proof: SignatureBytes) -> Bool {
        AggregatorSelection.isSyncAggregator(selectionProof: proof, spec: spec)
    }

    /// An object as a share signs it.
    package func partial(
        _ object: SignedData, _ pubKey: PubKey, share: ShareIndex, _ domains: SigningDomains, of set: KeySet = .old
    ) -> ParSignedData {
        let signature = shareSignature(pubKey, domains.signingRoot(of: object), share, of: set)
        return ParSignedData(data: object.with(signature: signature), shareIndex: share)
    }

    package func shareSignature(
        _ pubKey: PubKey, _ root: Root, _ share: ShareIndex, of set: KeySet = .old
    ) -> SignatureBytes {
        signature(pubKey, root, UInt8(truncatingIfNeeded: share.rawValue) | (set == .new ? 0x80 : 0))
    }

    package func groupSignature(_ pubKey: PubKey, _ root: Root) -> SignatureBytes { signature(pubKey, root, 0) }

    private func signature(_ pubKey: PubKey, _ root: Root, _ tag: UInt8) -> SignatureBytes {
        let hash = SHA256.hash(pubKey.bytes + root.bytes + [tag]).bytes
        return SignatureBytes(hash + hash + hash) ?? .zero
    }

    private func checkpoint(_ epoch: UInt64) -> Checkpoint {
        var checkpoint = Checkpoint()
        checkpoint.epoch = Epoch(epoch)
        checkpoint.root = SHA256.hash(bytes(UInt32(truncatingIfNeeded: epoch)) + [0xcc])
        return checkpoint
    }
}

private func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * (3 - $0))) } }
