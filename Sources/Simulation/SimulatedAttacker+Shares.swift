import DutyWorkflow
import Ethereum
import SSZ
import Timing

/// Shares that an attacker sends besides those it owes, over what nobody asked for.
extension SimulatedAttacker {
    private var share: ShareIndex { ShareIndex(PeerIndex(node)) }

    func undueShares(at current: Slot, _ random: inout SplitMix64) -> [Event] {
        let far = ([0, 1, 2, 3, 40, 100_000] as [UInt64]).randomElement(using: &random) ?? 0
        let slot = Bool.random(using: &random) ? Slot(current.rawValue + far) : Slot(current.rawValue / 2)
        var set: ParSignedDataSet = [:]
        let rows = Self.rows(chain, slot: slot).sorted { $0.key < $1.key }
        for case (let pubKey, .attester(let data, let row)) in rows {
            let fork: ForkName = Bool.random(using: &random) ? .fulu : .deneb
            guard let attestation = VersionedAttestation(fork: fork, data: data, duty: row) else { continue }
            let unsigned = SignedData.attestation(attestation)
            let signature = chain.shareSignature(
                pubKey, chain.domains(chain.spec.forks).signingRoot(of: unsigned), share)
            set[EntryKey(pubKey)] = ParSignedData(data: unsigned.with(signature: signature), shareIndex: share)
        }
        // Under its own slot, and under another one.
        return [slot, current].map { .peerPartials(.attester(slot: $0), set) }
    }

    /// Of a duty without a deadline, as far ahead as nodes let it through.
    func endlessShare(at current: Slot, _ random: inout SplitMix64) -> Event {
        let epoch = chain.clock.epoch(of: current)
        let validator = Int.random(in: 0..<chain.pubKeys.count, using: &random)
        let pubKey = chain.pubKeys[validator]
        if Int.random(in: 0..<4, using: &random) == 0 {
            let named = Epoch(UInt64.random(in: 0...epoch.rawValue + 2, using: &random))
            let message = VoluntaryExit(epoch: named, validatorIndex: SimulatedChain.index(of: validator))
            let duty = Duty(slot: chain.clock.firstSlot(of: named), type: .exit)
            return signed(.exit(Signed(message: message, signature: .zero)), pubKey, in: duty)
        }
        let end = chain.clock.firstSlot(of: Epoch(epoch.rawValue + 3))
        let slot = Slot(UInt64.random(in: 0..<end.rawValue, using: &random))
        let message = ValidatorRegistration(
            feeRecipient: Bytes20(padding: [0xba, 0xd0]), gasLimit: 30_000_000,
            timestamp: UInt64(clamping: chain.clock.start(of: slot).unixSeconds), pubKey: pubKey)
        return signed(
            .registration(Signed(message: message, signature: .zero)), pubKey,
            in: Duty(slot: slot, type: .builderRegistration))
    }

    /// Of everybody, with 16 KiB of bits, as if each of them aggregated in that slot.
    func largeAggregates(at current: Slot, _ random: inout SplitMix64) -> Event {
        let slot = Slot(current.rawValue + UInt64.random(in: 0...2, using: &random))
        let count = Preset.mainnet.maxValidatorsPerCommittee * Preset.mainnet.maxCommitteesPerSlot
        let attestation = AttestationElectra(
            aggregationBits: Bitlist(count: count, setting: [Int.random(in: 0..<count, using: &random)]),
            data: chain.attestationData(slot, view: false), signature: .zero,
            committeeBits: Bitvector(count: chain.spec.maxCommitteesPerSlot, setting: [0]))
        var set: ParSignedDataSet = [:]
        if let aggregate = try? VersionedAttestation(fork: .fulu, form: .electra(attestation)) {
            for row in chain.duties(of: chain.clock.epoch(of: slot)) {
                let object = VersionedAggregateAndProof(
                    aggregatorIndex: row.validatorIndex, aggregate: aggregate, selectionProof: .zero)
                set[EntryKey(row.pubKey)] = ParSignedData(data: .aggregateAndProof(object), shareIndex: share)
            }
        }
        return .peerPartials(Duty(slot: slot, type: .aggregator), set)
    }

    /// Of the proposers to come.
    func largeBlocks(at current: Slot, _ random: inout SplitMix64) -> [Event] {
        let slots = (0...2 as ClosedRange<UInt64>).map { Slot(current.rawValue + $0) }
        let rows = slots.flatMap { slot in
            chain.proposerDuties(of: chain.clock.epoch(of: slot)).filter { $0.slot == slot }
        }
        return rows.map { row in
            var contents = BlockContents<Fulu>()
            contents.block.slot = row.slot
            contents.block.proposerIndex = row.validatorIndex
            contents.block.body.graffiti = Bytes32(padding: [UInt8.random(in: 0...255, using: &random)])
            // They are not signed: only these bytes cost nothing to make.
            contents.blobs = Blobs([UInt8](repeating: 0, count: 72 * Blobs.blobBytes)[...])
            let block = SignedData.proposal(VersionedProposal(contents).signed(with: .zero))
            return signed(block, row.pubKey, in: Duty(slot: row.slot, type: .proposer))
        }
    }

    private func signed(_ object: SignedData, _ pubKey: PubKey, in duty: Duty) -> Event {
        .peerPartials(
            duty, [EntryKey(pubKey): chain.partial(object, pubKey, share: share, chain.domains(chain.spec.forks))])
    }
}
