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

/// A chain reduced to what attesters ask of a beacon node, and fake but unforgeable-by-accident signatures.
package struct SimulatedChain: Sendable {
    package let clock: SlotClock
    package let domains: SigningDomains
    package let pubKeys: [PubKey]
    /// Epochs that justification lies behind; 1 when all is well.
    private let justificationLag: UInt64

    package init(clock: SlotClock, validators: Int, justificationLag: UInt64 = 1) {
        self.clock = clock
        self.justificationLag = justificationLag
        // Every fork from the start: attestations are of Fulu.
        let entries = ForkName.allCases.map { fork in
            ForkSchedule.Entry(fork: fork, version: Bytes4(padding: [UInt8(fork.rawValue)]), epoch: .zero)
        }
        guard let forks = try? ForkSchedule(entries) else { preconditionFailure("the forks above are in order") }
        domains = SigningDomains(
            forks: forks, genesisValidatorsRoot: .zero, exitVersion: .zero, slotsPerEpoch: clock.slotsPerEpoch,
            preset: .mainnet)
        pubKeys = (0..<validators).map { index in
            PubKey([0x80] + [UInt8](repeating: 0, count: 43) + bytes(UInt32(index))) ?? .zero
        }
    }

    /// Every validator attests once an epoch; several share a slot and a committee.
    ///
    /// - Parameter shift: slots by which a reorganisation moved the duties.
    package func duties(of epoch: Epoch, shift: UInt64 = 0) -> [AttesterDuty] {
        pubKeys.enumerated().map { index, pubKey in
            var row = AttesterDuty()
            let first = epoch.rawValue * clock.slotsPerEpoch
            row.pubKey = pubKey
            row.slot = Slot(first + (UInt64(index) * 5 / 2 + epoch.rawValue + shift) % clock.slotsPerEpoch)
            row.validatorIndex = ValidatorIndex(UInt64(1000 + index))
            row.committeeIndex = CommitteeIndex(UInt64(index % 3))
            row.committeeLength = 128
            row.committeesAtSlot = 3
            row.validatorCommitteeIndex = UInt64(index)
            return row
        }
    }

    /// - Parameter view: which of two heads this beacon node follows.
    package func attestationData(_ slot: Slot, view: Bool) -> AttestationData {
        var data = AttestationData()
        let epoch = clock.epoch(of: slot)
        data.slot = slot
        data.beaconBlockRoot = SHA256.hash(bytes(UInt32(truncatingIfNeeded: slot.rawValue)) + [view ? 1 : 0])
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

    package func partial(_ value: UnsignedData, share: ShareIndex) -> ParSignedData? {
        switch value {
        case .attester(let data, let row):
            let fork = domains.forks.fork(at: data.target.epoch)
            guard let attestation = VersionedAttestation(fork: fork, data: data, duty: row) else { return nil }
            let unsigned = SignedData.attestation(attestation)
            return ParSignedData(
                data: unsigned.with(signature: shareSignature(row.pubKey, unsigned.messageRoot, share)),
                shareIndex: share)
        }
    }

    package func shareSignature(_ pubKey: PubKey, _ root: Root, _ share: ShareIndex) -> SignatureBytes {
        signature(pubKey, root, UInt8(truncatingIfNeeded: share.rawValue))
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
