import Ethereum

/// When a duty is over, and which duties from the network are plausible. Source: workflow.md §3, §4.
package struct Deadlines: Sendable {
    package let clock: SlotClock

    package init(clock: SlotClock) { self.clock = clock }

    /// slotStart + span + a twelfth of a slot; nil for duties that never expire.
    package func deadline(of duty: Duty) -> Instant? {
        let slot = clock.slotDuration
        let span: Duration
        switch duty.type {
        case .exit, .builderRegistration: return nil
        case .proposer, .randao: span = slot / 3
        // Charon's HEAD waits a whole slot for sync messages, releases two thirds; the longer one loses nothing.
        case .syncMessage, .syncContribution: span = slot
        case .attester, .aggregator: span = slot * Int(clamping: clock.slotsPerEpoch)
        case .prepareAggregator, .prepareSyncContribution: span = slot * Int(clamping: clock.slotsPerEpoch) * 2
        case .signature, .builderProposer, .infoSync: span = slot
        }
        return clock.start(of: duty.slot) + span + slot / 12
    }

    package func isExpired(_ duty: Duty, at now: Instant) -> Bool {
        guard let deadline = deadline(of: duty) else { return false }
        return now >= deadline
    }

    /// The duty gate: a duty named by a peer may lie at most two epochs ahead.
    package func admits(_ duty: Duty, at now: Instant) -> Bool {
        let current = clock.epoch(of: clock.currentSlot(at: now)).rawValue
        return clock.epoch(of: duty.slot).rawValue <= current + 2
    }
}

extension SlotClock {
    /// The slot of a moment; slot 0 before genesis.
    package func currentSlot(at now: Instant) -> Slot { slot(at: now) ?? .zero }
}
