import Ethereum

/// When a duty is over, and which duties from the network are plausible. Source: workflow.md §3, §4.
package struct Deadlines: Sendable {
    package let clock: SlotClock

    package init(clock: SlotClock) { self.clock = clock }

    /// slotStart + span + a twelfth of a slot; nil for duties that never expire.
    package func deadline(of duty: Duty) -> Instant? {
        let slot = clock.slotDuration
        let span: Duration
        switch duty.type.rules.span {
        case .endless: return nil
        case .thirdOfSlot: span = slot / 3
        case .slots(let count): span = slot * count
        case .epochs(let count): span = slot * Int(clamping: clock.slotsPerEpoch) * count
        }
        return clock.start(of: duty.slot) + span + slot / 12
    }

    package func isExpired(_ duty: Duty, at now: Instant) -> Bool {
        guard let deadline = deadline(of: duty) else { return false }
        return now >= deadline
    }

    /// The duty gate: how far ahead a duty may lie that a peer names. What nodes sign ahead of time (selections, randao)
    /// may lie two epochs ahead, everything else as far as honest clocks differ.
    package func admits(_ duty: Duty, at now: Instant) -> Bool {
        switch duty.type.rules.ahead {
        case .slots(let count):
            let current = clock.currentSlot(at: now).rawValue
            return duty.slot.rawValue <= current + count
        case .epochs(let count): return lies(duty, withinEpochs: count, of: now)
        }
    }

    /// What our own validator client may ask for: at most two epochs ahead.
    package func isForeseeable(_ duty: Duty, at now: Instant) -> Bool { lies(duty, withinEpochs: 2, of: now) }

    private func lies(_ duty: Duty, withinEpochs count: UInt64, of now: Instant) -> Bool {
        let current = clock.epoch(of: clock.currentSlot(at: now)).rawValue
        return clock.epoch(of: duty.slot).rawValue <= current + count
    }
}

extension SlotClock {
    /// The slot of a moment; slot 0 before genesis.
    package func currentSlot(at now: Instant) -> Slot { slot(at: now) ?? .zero }
}
