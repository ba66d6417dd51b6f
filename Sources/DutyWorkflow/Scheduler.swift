import Ethereum
import Timing

/// Knows which duties each epoch brings and when each begins.
///
/// An epoch is resolved when first seen, and in the last slot of the one before. What was missed (a stalled or
/// suspended process) is never replayed. Source: workflow.md §5.
struct Scheduler: Sendable {
    private let clock: SlotClock
    private let validators: Set<PubKey>
    private var definitions: [Epoch: [Duty: DutyDefinitionSet]] = [:]
    /// Epochs being asked for right now.
    private var asking: Set<Epoch> = []
    private var failures: [Epoch: (count: Int, retryAt: Instant)] = [:]
    /// Duties still to start, soonest first.
    private var triggers: [(at: Instant, duty: Duty)] = []
    private var random: SplitMix64
    private static let epochsKept: UInt64 = 3

    init(configuration: WorkflowConfiguration) {
        clock = configuration.clock
        validators = configuration.validators
        random = SplitMix64(seed: configuration.seed)
    }

    mutating func wake(at now: Instant) -> [Signal] {
        guard now >= clock.genesis else { return [] }
        var signals: [Signal] = []
        while let first = triggers.first, first.at <= now {
            triggers.removeFirst()
            // A whole slot late means the process stood still: the slot is lost, not replayed.
            guard now < first.at + clock.slotDuration else { continue }
            let epoch = clock.epoch(of: first.duty.slot)
            guard let set = definitions[epoch]?[first.duty] else { continue }
            signals.append(.dutyStarted(first.duty, set))
        }
        for epoch in wantedEpochs(at: now) where canAsk(epoch, at: now) {
            asking.insert(epoch)
            signals.append(.perform(.resolveDuties(epoch)))
        }
        return signals
    }

    /// Rows of slots already past are skipped; a second row for a validator and slot is ignored.
    mutating func resolved(_ epoch: Epoch, _ rows: [AttesterDuty], at now: Instant) -> [Signal] {
        asking.remove(epoch)
        failures[epoch] = nil
        guard definitions[epoch] == nil else { return [] }
        var byDuty: [Duty: DutyDefinitionSet] = [:]
        let currentSlot = clock.currentSlot(at: now)
        for row in rows where validators.contains(row.pubKey) && clock.epoch(of: row.slot) == epoch {
            guard now < clock.genesis || row.slot >= currentSlot else { continue }
            let duty = Duty.attester(slot: row.slot)
            if byDuty[duty]?[row.pubKey] == nil { byDuty[duty, default: [:]][row.pubKey] = .attester(row) }
        }
        definitions[epoch] = byDuty
        for duty in byDuty.keys.sorted() {
            triggers.append((clock.start(of: duty.slot) + offset(of: duty.type), duty))
        }
        triggers.sort { ($0.at, $0.duty) < ($1.at, $1.duty) }
        definitions = definitions.filter { $0.key.rawValue + Self.epochsKept > epoch.rawValue }
        return wake(at: now)
    }

    mutating func unavailable(_ epoch: Epoch, at now: Instant) {
        asking.remove(epoch)
        let count = (failures[epoch]?.count ?? 0) + 1
        let delay = min(Backoff.duty.delay(attempt: count, random: &random), clock.slotDuration)
        failures[epoch] = (count, now + delay)
    }

    /// The definition set of a duty, if its epoch is resolved and has it.
    func definition(of duty: Duty) -> DutyDefinitionSet? { definitions[clock.epoch(of: duty.slot)]?[duty] }

    func nextWake(after now: Instant) -> Instant {
        guard now >= clock.genesis else { return clock.genesis }
        var next = clock.start(of: Slot(clock.currentSlot(at: now).rawValue + 1))
        if let trigger = triggers.first?.at { next = min(next, trigger) }
        for epoch in wantedEpochs(at: now) where definitions[epoch] == nil && !asking.contains(epoch) {
            next = min(next, failures[epoch]?.retryAt ?? now)
        }
        return max(next, now)
    }

    /// Pause between slot start and the duty's beginning (classic forks).
    private func offset(of type: DutyType) -> Duration {
        switch type {
        case .attester: clock.slotDuration / 3
        case .aggregator, .syncContribution: clock.slotDuration * 2 / 3
        default: .zero
        }
    }

    private func wantedEpochs(at now: Instant) -> [Epoch] {
        let slot = clock.currentSlot(at: now)
        let epoch = clock.epoch(of: slot)
        let isLastSlot = (slot.rawValue + 1).isMultiple(of: clock.slotsPerEpoch)
        return isLastSlot ? [epoch, Epoch(epoch.rawValue + 1)] : [epoch]
    }

    private func canAsk(_ epoch: Epoch, at now: Instant) -> Bool {
        guard definitions[epoch] == nil, !asking.contains(epoch) else { return false }
        guard let failure = failures[epoch] else { return true }
        return now >= failure.retryAt
    }
}
