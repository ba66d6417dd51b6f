import DutyWorkflow
import Ethereum

/// Which duties peers may send: past ones and those up to two epochs ahead. Deadlines are the workflow's concern.
/// Source: protocols.md §2.2.
package struct DutyGate: Sendable {
    package static let epochsAhead: UInt64 = 2

    private let clock: SlotClock
    private let now: @Sendable () -> Instant

    package init(clock: SlotClock, now: @escaping @Sendable () -> Instant) {
        self.clock = clock
        self.now = now
    }

    package func admits(_ duty: Duty) -> Bool {
        // Before genesis epoch 0 is next.
        let current = clock.epoch(of: clock.slot(at: now()) ?? .zero).rawValue
        let wanted = clock.epoch(of: duty.slot).rawValue
        return wanted <= current || wanted - current <= Self.epochsAhead
    }
}
