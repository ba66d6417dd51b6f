import DutyWorkflow
import Ethereum
import SSZ

/// The sync committee's votes, and contributions made of them.
extension DemoChain {
    /// - Returns: for each refused message its position and why.
    package func submit(
        _ messages: [SyncCommitteeMessage], at now: Instant
    ) async -> [(index: Int, message: String)] {
        let faults = await take(messages.map { candidate($0, at: now) }, at: now)
        let refused = Set(faults.map(\.index))
        for (position, message) in messages.enumerated() where !refused.contains(position) {
            guard let seat = syncSeat(of: message.validatorIndex) else { continue }
            syncVotes[message.slot, default: [:]][message.beaconBlockRoot, default: [:]][Int(seat)] = message.signature
        }
        return faults
    }

    private func candidate(_ message: SyncCommitteeMessage, at now: Instant) -> Result<Candidate, Rejection> {
        let (index, slot) = (message.validatorIndex, message.slot)
        let duty = Duty(slot: slot, type: .syncMessage)
        let why: String? =
            if syncSeat(of: index) == nil {
                "validator \(index) does not sit in the sync committee"
            } else if let fault = untimelySync(slot, at: now) {
                fault
            } else if !acceptableHeads(slot).contains(message.beaconBlockRoot) {
                "a vote for another block than this chain's"
            } else {
                nil
            }
        if let why { return .failure(Rejection(duty: duty, validator: index, why: why)) }
        return .success(
            Candidate(
                duty: duty, part: Part(validator: index), identity: message.beaconBlockRoot,
                claims: [
                    claim(index, message.signature, spec.signingRoot(message.beaconBlockRoot, .syncCommittee))
                ]))
    }

    /// They count for the next block only; half a slot more for copies of the other nodes.
    private func untimelySync(_ slot: Slot, at now: Instant) -> String? {
        guard now >= clock.start(of: slot) else { return "of slot \(slot), which is in the future" }
        guard now < clock.start(of: slot + 1) + options.slotDuration / 2 else {
            return "of slot \(slot), which is over"
        }
        return nil
    }

    /// The votes that are there so far; nil if there are none.
    func contribution(_ slot: Slot, subcommittee: UInt64, blockRoot: Root) -> SyncCommitteeContribution? {
        guard subcommittee < DemoSpec.subcommittees else { return nil }
        let size = Int(DemoSpec.subcommitteeSize)
        let first = Int(subcommittee) * size
        let votes = (syncVotes[slot]?[blockRoot] ?? [:]).filter { first <= $0.key && $0.key < first + size }
        guard let signature = Self.sum(votes.values) else { return nil }
        let contribution = SyncCommitteeContribution(
            slot: slot, beaconBlockRoot: blockRoot, subcommitteeIndex: subcommittee,
            aggregationBits: Bitvector(count: size, setting: votes.keys.map { $0 - first }), signature: signature)
        handedOut[slot, default: []].insert(contribution.hashTreeRoot())
        return contribution
    }

    /// - Returns: for each refused contribution its position and why.
    package func submit(
        _ contributions: [SignedContributionAndProof], at now: Instant
    ) async -> [(index: Int, message: String)] {
        await take(contributions.map { candidate($0, at: now) }, at: now)
    }

    private func candidate(_ signed: SignedContributionAndProof, at now: Instant) -> Result<Candidate, Rejection> {
        let message = signed.message
        let (index, contribution) = (message.aggregatorIndex, message.contribution)
        let (slot, subcommittee) = (contribution.slot, contribution.subcommitteeIndex)
        let duty = Duty(slot: slot, type: .syncContribution)
        let identity = message.hashTreeRoot()
        let why: String? =
            if self.subcommittee(of: index) != subcommittee {
                "validator \(index) does not sit in sync subcommittee \(subcommittee)"
            } else if let fault = untimelySync(slot, at: now) {
                fault
            } else if !spec.isSyncAggregator(message.selectionProof) {
                "validator \(index) is no aggregator of sync subcommittee \(subcommittee)"
            } else if handedOut[slot]?.contains(contribution.hashTreeRoot()) != true {
                "a contribution that this chain did not make"
            } else {
                nil
            }
        if let why { return .failure(Rejection(duty: duty, validator: index, why: why)) }
        return .success(
            Candidate(
                duty: duty, part: Part(validator: index, subcommittee: subcommittee), identity: identity,
                claims: [
                    claim(index, message.selectionProof, spec.syncSelection(slot, subcommittee: subcommittee)),
                    claim(index, signed.signature, spec.signingRoot(identity, .contributionAndProof)),
                ]))
    }
}
