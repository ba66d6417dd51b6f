/// Converts between time and slots. Pure arithmetic: it has no idea what time it is.
package struct SlotClock: Hashable, Sendable {
    /// The start of slot 0.
    package let genesis: Instant
    /// A whole number of nanoseconds, above zero.
    package let slotDuration: Duration
    /// Above zero.
    package let slotsPerEpoch: UInt64

    /// - Precondition: `slotDuration >= 1 ns` and `slotsPerEpoch > 0`; `ChainSpec` checks what comes from outside.
    package init(genesis: Instant, slotDuration: Duration, slotsPerEpoch: UInt64) {
        precondition(slotDuration.wholeNanoseconds > 0 && slotsPerEpoch > 0)
        self.genesis = genesis
        self.slotDuration = slotDuration
        self.slotsPerEpoch = slotsPerEpoch
    }

    /// Saturating for slots far in the future.
    package func start(of slot: Slot) -> Instant {
        let (offset, overflow) = Int128(slot.rawValue).multipliedReportingOverflow(by: slotDuration.wholeNanoseconds)
        let sum = Int128(genesis.nanoseconds).addingReportingOverflow(overflow ? .max : offset)
        return Instant(nanoseconds: sum.overflow ? .max : Int64(clamping: sum.partialValue))
    }

    /// The start of the epoch's first slot.
    package func start(of epoch: Epoch) -> Instant { start(of: firstSlot(of: epoch)) }

    /// The slot that `instant` lies in; nil before genesis.
    package func slot(at instant: Instant) -> Slot? {
        guard instant >= genesis else { return nil }
        let elapsed = Int128(instant.nanoseconds) - Int128(genesis.nanoseconds)
        return Slot(UInt64(clamping: elapsed / slotDuration.wholeNanoseconds))
    }

    package func epoch(of slot: Slot) -> Epoch { slot.epoch(slotsPerEpoch: slotsPerEpoch) }

    package func firstSlot(of epoch: Epoch) -> Slot { epoch.firstSlot(slotsPerEpoch: slotsPerEpoch) }
}
