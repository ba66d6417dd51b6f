import Ethereum
import Timing

/// Knows which duties each epoch brings and when each begins: those that all nodes begin by the clock, and on a node that
/// signs by itself also those that a validator client would begin.
///
/// An epoch is resolved when first seen, and from the middle of the one before on: a beacon node that is slow must not
/// cost the first slots. What was missed (a stalled or suspended process, an epoch unknown for too long) is never
/// replayed, but told. Source: workflow.md §5.
struct Scheduler: Sendable {
    private let clock: SlotClock
    private let validators: Set<PubKey>
    private let signs: Bool
    /// Of resolved epochs; duties already past included, so that what others say of them can be judged.
    private var definitions: [Epoch: [Duty: DutyDefinitionSet]] = [:]
    /// Epochs being asked for right now.
    private var asking: Set<Epoch> = []
    private var failures: [Epoch: (count: Int, retryAt: Instant)] = [:]
    /// Duties still to start, soonest first.
    private var triggers: [(at: Instant, duty: Duty)] = []
    /// The first slot this node saw: what was before is no loss of its own.
    private var firstSlot: Slot?
    private var lastEpoch: Epoch?
    private var random: SplitMix64
    private static let epochsKept: UInt64 = 3
    private static let epochsToldMax: UInt64 = 256

    init(configuration: WorkflowConfiguration) {
        clock = configuration.clock
        validators = configuration.validators
        signs = configuration.signs
        random = SplitMix64(seed: configuration.seed)
    }

    mutating func wake(at now: Instant) -> [Signal] {
        guard now >= clock.genesis else { return [] }
        if firstSlot == nil { firstSlot = clock.currentSlot(at: now) }
        var signals: [Signal] = []
        var missed: [Duty] = []
        while let first = triggers.first, first.at <= now {
            triggers.removeFirst()
            guard let set = definitions(of: first.duty), !set.isEmpty else { continue }
            // A whole slot late means the process stood still: the slot is lost, not replayed. What is signed ahead of
            // time may be late.
            if now < first.at + clock.slotDuration || first.duty.type.rules.isAhead {
                signals.append(.dutyStarted(first.duty, set))
            } else {
                missed.append(first.duty)
            }
        }
        signals += report(missed, "this node stood still: its process was stopped, or its machine slept")
        signals += reportUnknown(before: clock.epoch(of: clock.currentSlot(at: now)))
        for epoch in wantedEpochs(at: now) where canAsk(epoch, at: now) {
            asking.insert(epoch)
            signals.append(.perform(.resolveDuties(epoch)))
        }
        return signals
    }

    /// A second definition of a duty for one validator is ignored.
    mutating func resolved(_ epoch: Epoch, _ rows: [DutyDefinition], at now: Instant) -> [Signal] {
        asking.remove(epoch)
        failures[epoch] = nil
        guard definitions[epoch] == nil else { return [] }
        var byDuty: [Duty: DutyDefinitionSet] = [:]
        for row in rows where validators.contains(row.pubKey) {
            for duty in row.duties(in: epoch, clock) where clock.epoch(of: duty.slot) == epoch {
                if byDuty[duty]?[row.pubKey] == nil { byDuty[duty, default: [:]][row.pubKey] = row }
            }
        }
        definitions[epoch] = byDuty
        let current = now < clock.genesis ? Slot.zero : clock.currentSlot(at: now)
        var missed: [Duty] = []
        for duty in byDuty.keys.sorted() {
            if duty.slot >= current {
                triggers.append((clock.begin(of: duty), duty))
                triggers += own(with: duty).map { (begin(ofOwn: $0), $0) }
            } else if let firstSlot, duty.slot >= firstSlot, epoch >= lastEpoch ?? .zero {
                missed.append(duty)
            }
        }
        triggers.sort { ($0.at, $0.duty) < ($1.at, $1.duty) }
        definitions = definitions.filter { $0.key.rawValue + Self.epochsKept > epoch.rawValue }
        return report(missed, "the beacon node told the duties of epoch \(epoch.rawValue) too late") + wake(at: now)
    }

    mutating func unavailable(_ epoch: Epoch, at now: Instant) {
        asking.remove(epoch)
        let count = (failures[epoch]?.count ?? 0) + 1
        let delay = min(Backoff.duty.delay(attempt: count, random: &random), clock.slotDuration)
        failures[epoch] = (count, now + delay)
    }

    /// Who has this duty; empty if nobody has, nil while the duty's epoch is unknown, or if no beacon node can tell.
    func definitions(of duty: Duty) -> DutyDefinitionSet? {
        guard let type = duty.type.rules.definedBy else { return nil }
        let epoch = clock.epoch(of: duty.slot)
        guard let known = definitions[epoch] else { return nil }
        let own = known[Duty(slot: duty.slot, type: type)] ?? [:]
        // Messages of a slot are for the block after it: in the last slot of a period the next committee sends them.
        let next = Slot(duty.slot.rawValue &+ 1)
        guard type == .syncContribution, !duty.type.rules.isDecided, clock.epoch(of: next) != epoch else { return own }
        let after = definitions[clock.epoch(of: next)]?[Duty(slot: next, type: type)] ?? [:]
        return own.merging(after) { first, _ in first }
    }

    func nextWake(after now: Instant) -> Instant {
        guard now >= clock.genesis else { return clock.genesis }
        var next = clock.start(of: Slot(clock.currentSlot(at: now).rawValue + 1))
        if let trigger = triggers.first?.at { next = min(next, trigger) }
        for epoch in wantedEpochs(at: now) where definitions[epoch] == nil && !asking.contains(epoch) {
            next = min(next, failures[epoch]?.retryAt ?? now)
        }
        return max(next, now)
    }

    private func wantedEpochs(at now: Instant) -> [Epoch] {
        let slot = clock.currentSlot(at: now)
        let epoch = clock.epoch(of: slot)
        let isSecondHalf = slot.rawValue % clock.slotsPerEpoch >= clock.slotsPerEpoch / 2
        return isSecondHalf ? [epoch, Epoch(epoch.rawValue + 1)] : [epoch]
    }

    /// What a validator client would begin, if this node has none.
    private func own(with scheduled: Duty) -> [Duty] {
        guard signs else { return [] }
        return DutyType.allCases.filter { $0.rules.definedBy == scheduled.type && !$0.rules.isDecided }
            .map { Duty(slot: scheduled.slot, type: $0) }
    }

    /// What is signed ahead of time is signed in the quiet last quarters of the slots before its epoch, two slots' at
    /// once: validator clients of other operators ask for a whole epoch at its start.
    private func begin(ofOwn duty: Duty) -> Instant {
        guard duty.type.rules.isAhead else { return clock.begin(of: duty) }
        let first = clock.firstSlot(of: clock.epoch(of: duty.slot)).rawValue
        let half = clock.slotsPerEpoch / 2
        guard first >= half else { return clock.genesis }
        let position = duty.slot.rawValue - first
        let eighths = position.isMultiple(of: 2) ? 6 : 7
        return clock.start(of: Slot(first - half + position / 2)) + clock.slotDuration * eighths / 8
    }

    private func canAsk(_ epoch: Epoch, at now: Instant) -> Bool {
        guard definitions[epoch] == nil, !asking.contains(epoch) else { return false }
        guard let failure = failures[epoch] else { return true }
        return now >= failure.retryAt
    }

    private func report(_ missed: [Duty], _ why: String) -> [Signal] {
        guard let first = missed.map(\.slot).min(), let last = missed.map(\.slot).max() else { return [] }
        return [.perform(.report(.dutiesMissed(from: first, to: last, count: missed.count, why)))]
    }

    /// Epochs that went by without anybody knowing their duties.
    private mutating func reportUnknown(before epoch: Epoch) -> [Signal] {
        defer { lastEpoch = max(epoch, lastEpoch ?? .zero) }
        guard let lastEpoch, lastEpoch < epoch else { return [] }
        failures = failures.filter { $0.key >= epoch }
        // A clock that jumps by years is no reason to count them.
        let oldest = max(lastEpoch.rawValue, epoch.rawValue - min(epoch.rawValue, Self.epochsToldMax))
        let unknown = (oldest..<epoch.rawValue).map { Epoch($0) }.filter { definitions[$0] == nil }
        guard let first = unknown.first, let last = unknown.last, let firstSlot else { return [] }
        let from = max(firstSlot, clock.firstSlot(of: first))
        let to = Slot(clock.firstSlot(of: Epoch(last.rawValue + 1)).rawValue - 1)
        return [
            .perform(
                .report(.dutiesMissed(from: from, to: to, count: nil, "no beacon node told which duties there are")))
        ]
    }
}
