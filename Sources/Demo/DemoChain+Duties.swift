import BeaconAPI
import Ethereum
import SSZ

/// Who has to do what.
extension DemoChain {
    /// Every validator attests once an epoch, at a slot that moves from epoch to epoch.
    package nonisolated func attesterDuties(_ epoch: Epoch, _ indices: Set<ValidatorIndex>) -> [AttesterDuty] {
        options.pubKeys.indices.compactMap { position in
            let index = ValidatorIndex(UInt64(position))
            guard indices.contains(index) else { return nil }
            return duty(of: index, in: epoch)
        }
    }

    /// The attester duties of a slot, of all validators.
    package nonisolated func duties(in slot: Slot) -> [AttesterDuty] {
        let all = Set(options.pubKeys.indices.map { ValidatorIndex(UInt64($0)) })
        return attesterDuties(clock.epoch(of: slot), all).filter { $0.slot == slot }
    }

    package nonisolated func duty(of index: ValidatorIndex, in epoch: Epoch) -> AttesterDuty {
        let position = index.rawValue
        let row = position / options.slotsPerEpoch
        var duty = AttesterDuty()
        duty.pubKey = options.pubKeys[Int(position)]
        duty.slot = clock.firstSlot(of: epoch) + (position &+ epoch.rawValue) % options.slotsPerEpoch
        duty.validatorIndex = index
        duty.committeesAtSlot = DemoSpec.committeesPerSlot
        duty.committeeIndex = CommitteeIndex((row &+ epoch.rawValue) % DemoSpec.committeesPerSlot)
        duty.committeeLength = spec.committeeLength
        duty.validatorCommitteeIndex = row / DemoSpec.committeesPerSlot
        return duty
    }

    /// nil where nobody proposes: slot 0 is the genesis.
    package nonisolated func proposer(of slot: Slot) -> ValidatorIndex? {
        guard options.duties == .all, slot > .zero else { return nil }
        return ValidatorIndex((slot.rawValue &+ clock.epoch(of: slot).rawValue) % UInt64(options.pubKeys.count))
    }

    package nonisolated func proposerDuties(_ epoch: Epoch) -> [ProposerDuty] {
        let first = clock.firstSlot(of: epoch)
        return (0..<options.slotsPerEpoch).compactMap { offset in
            guard let proposer = proposer(of: first + offset) else { return nil }
            var duty = ProposerDuty()
            duty.pubKey = options.pubKeys[Int(proposer.rawValue)]
            duty.validatorIndex = proposer
            duty.slot = first + offset
            return duty
        }
    }

    /// Those who sit in the sync committee, for ever.
    package nonisolated var syncMembers: [ValidatorIndex] {
        guard options.duties == .all else { return [] }
        let count = min(options.syncMembers, options.pubKeys.count, Int(DemoSpec.syncCommitteeSize))
        return (0..<max(0, count)).map { ValidatorIndex(UInt64($0)) }
    }

    /// A validator's one seat in the sync committee; nil for others. Neighbours sit in different subcommittees. The
    /// other seats belong to nobody here.
    nonisolated func syncSeat(of index: ValidatorIndex) -> UInt64? {
        // 131 is odd, so no two share a seat.
        index.rawValue < UInt64(syncMembers.count) ? index.rawValue &* 131 % DemoSpec.syncCommitteeSize : nil
    }

    package nonisolated func subcommittee(of index: ValidatorIndex) -> UInt64? {
        syncSeat(of: index).map { $0 / DemoSpec.subcommitteeSize }
    }

    nonisolated func syncDuties(_ indices: Set<ValidatorIndex>) -> [SyncDuty] {
        indices.sorted().compactMap { index in
            guard let seat = syncSeat(of: index) else { return nil }
            var duty = SyncDuty()
            duty.pubKey = options.pubKeys[Int(index.rawValue)]
            duty.validatorIndex = index
            duty.validatorSyncCommitteeIndices = [seat]
            return duty
        }
    }

    /// - Parameter ids: indices or public keys; none for all.
    func validators(_ ids: [String], at now: Instant) -> [BeaconValidator] {
        let wanted = Set(ids.map { $0.lowercased() })
        let epoch = clock.epoch(of: clock.slot(at: now) ?? .zero)
        return options.pubKeys.enumerated().compactMap { position, pubKey in
            guard wanted.isEmpty || wanted.contains(String(position)) || wanted.contains(pubKey.hex) else { return nil }
            let index = ValidatorIndex(UInt64(position))
            var record = ValidatorRecord()
            record.pubKey = pubKey
            record.effectiveBalance = Gwei(32_000_000_000)
            record.exitEpoch = exitEpochs[index] ?? .farFuture
            record.withdrawableEpoch = exitEpochs[index].map { $0 + 256 } ?? .farFuture
            let status: ValidatorStatus =
                record.exitEpoch == .farFuture
                ? .activeOngoing : epoch < record.exitEpoch ? .activeExiting : .exitedUnslashed
            return BeaconValidator(
                index: index, balance: Gwei(32_000_000_000), status: status, validator: record)
        }
    }
}
