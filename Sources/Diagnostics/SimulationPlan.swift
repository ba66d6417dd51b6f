/// What a cluster asks its beacon node, and when. Pure. Source: spec/operations.md §4.2.
struct SimulationPlan: Hashable, Sendable {
    /// Requests that leave together, one after another within each row.
    struct Burst: Equatable, Sendable {
        /// From the beginning of the slot.
        let offset: Duration
        let rows: [[SimulatedRequest]]
    }

    /// Of the chain that the node follows.
    struct Chain: Hashable, Sendable {
        var timing = SlotTiming()
        /// The newest slot when the simulation began.
        var headSlot: UInt64 = 0
    }

    let mix: ValidatorMix
    let slots: Int

    private static let syncingInterval = Duration.seconds(10)
    private static let peerCountInterval = Duration.seconds(60)
    private static let committeeSubscriptionSlots = 12

    /// - Parameter index: of the slot, from 0; the one after the head is the first.
    /// - Returns: bursts in the order of their offsets.
    func bursts(_ index: Int, _ chain: Chain) -> [Burst] {
        let slot = chain.headSlot + 1 + UInt64(index)
        let phases = [
            (Duration.zero, atStart(index, slot, chain)),
            (chain.timing.slotDuration / 3, attesting(slot)),
            (chain.timing.slotDuration * 2 / 3, aggregating(slot)),
        ]
        return (phases.map { Burst(offset: $0.0, rows: $0.1) } + polls(index, chain))
            .filter { !$0.rows.isEmpty }.sorted { $0.offset < $1.offset }
    }

    private func atStart(_ index: Int, _ slot: UInt64, _ chain: Chain) -> [[SimulatedRequest]] {
        let epoch = slot / chain.timing.slotsPerEpoch
        let place = slot % chain.timing.slotsPerEpoch
        var rows: [[SimulatedRequest]] = [
            [.blockAttestations(slot: slot - 1)], [.proposerDuties(epoch: epoch)],
        ]
        if index.isMultiple(of: Self.committeeSubscriptionSlots) { rows.append([.committeeSubscription]) }
        if place == 0 || place + 2 >= chain.timing.slotsPerEpoch {
            rows.append([.attesterDuties(epoch: epoch, validators: mix.count)])
            rows.append([.syncDuties(epoch: epoch, validators: mix.count)])
        }
        if place == 0 {
            rows.append([.validators(mix.count), .genesis, .prepareProposer, .specification, .version])
            rows += (0..<mix.syncMembers).map { _ in [.syncSubscription] }
        }
        let proposers = Self.turn(mix.proposers + mix.syncMembers, slot, every: 4)
        return rows + proposers.map { _ in SimulatedRequest.proposal(slot: slot) }
    }

    private func attesting(_ slot: UInt64) -> [[SimulatedRequest]] {
        (0..<mix.count).map { SimulatedRequest.attestation(slot: slot, validator: $0) }
            + (0..<mix.syncMembers).map { _ in SimulatedRequest.syncMessage() }
    }

    private func aggregating(_ slot: UInt64) -> [[SimulatedRequest]] {
        let aggregators = Self.turn(mix.count, slot, every: 2)
        let contributors = Self.turn(mix.syncMembers, slot, every: 4)
        return aggregators.map { SimulatedRequest.aggregation(slot: slot, validator: $0) }
            + contributors.map { SimulatedRequest.syncContribution(slot: slot, validator: $0) }
    }

    /// Those of the first `count` validators whose turn it is: each every so many slots, not all in the same.
    private static func turn(_ count: Int, _ slot: UInt64, every slots: UInt64) -> [Int] {
        (0..<count).filter { (slot + UInt64($0)).isMultiple(of: slots) }
    }

    /// Those that follow the clock and not the chain, as far as they fall into this slot.
    private func polls(_ index: Int, _ chain: Chain) -> [Burst] {
        let start = chain.timing.slotDuration * index
        let polls: [(Duration, SimulatedRequest)] = [
            (Self.syncingInterval, .syncing), (Self.peerCountInterval, .peerCount),
        ]
        return polls.flatMap { interval, request in
            var next = interval * Int((start / interval).rounded(.up))
            var bursts: [Burst] = []
            while next < start + chain.timing.slotDuration {
                bursts.append(Burst(offset: next - start, rows: [[request]]))
                next += interval
            }
            return bursts
        }
    }
}
