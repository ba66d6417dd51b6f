import Ethereum
import Timing

/// What beacon nodes are to be told without being asked, and when: they forget it when they restart, and none of it may
/// be in the way of a duty. Sources: workflow.md §5.7, §5.8; consensus-specs validator.md, "Preparing for…".
struct StandingOrders: Sendable {
    /// In the order in which they are carried out if several are due.
    enum Order: Hashable, Comparable, Sendable, CustomStringConvertible {
        /// Whom blocks pay: at the start of each epoch.
        case feeRecipients
        /// Which committees validators sit in: what is new of it late in each slot, when nothing else is due.
        case committees
        /// Which sync committee seats they have: once an epoch.
        case syncCommittees
        /// One part of what builders are told: once an epoch, each part late in a slot of its own.
        case registrations(part: Int)

        var description: String {
            switch self {
            case .feeRecipients: "fee recipients"
            case .committees: "committee subscriptions"
            case .syncCommittees: "sync committee subscriptions"
            case .registrations(let part): "builder registrations, part \(part + 1)"
            }
        }
    }

    private struct State {
        var dueAt: Instant
        var failures = 0
    }

    /// As long as that is not told everything once more, however often nodes come back.
    static let spacing = Duration.seconds(5)
    private static let backoff = Backoff(base: .seconds(1), max: .seconds(60))

    private let clock: SlotClock
    private var states: [Order: State]
    private var startedOverAt: Instant
    private var random: SplitMix64

    /// Everything is due at once.
    init(_ orders: [Order], clock: SlotClock, seed: UInt64, at now: Instant) {
        self.clock = clock
        states = Dictionary(orders.map { ($0, State(dueAt: now)) }, uniquingKeysWith: { first, _ in first })
        startedOverAt = now
        random = SplitMix64(seed: seed)
    }

    func due(at now: Instant) -> [Order] {
        // A clock that was set back must not put anything off.
        let horizon = now + clock.slotDuration * (2 * Int(clamping: clock.slotsPerEpoch) + 1)
        return states.filter { $0.value.dueAt <= now || $0.value.dueAt > horizon }.keys.sorted()
    }

    /// When to ask again; nil if there are no orders.
    func nextWake() -> Instant? { states.values.map(\.dueAt).min() }

    /// - Returns: how often it had failed before.
    mutating func carriedOut(_ order: Order, at now: Instant) -> Int {
        let failures = states[order]?.failures ?? 0
        states[order] = State(dueAt: regularTime(of: order, after: now))
        return failures
    }

    /// - Returns: how often it has failed now.
    mutating func failed(_ order: Order, at now: Instant) -> Int {
        let failures = (states[order]?.failures ?? 0) + 1
        let pause = Self.backoff.delay(attempt: failures, random: &random)
        states[order] = State(dueAt: now + pause, failures: failures)
        return failures
    }

    /// A beacon node knows nothing, or something changed: everything is told at once.
    mutating func startOver(at now: Instant) {
        // What lies further ahead is the past of a clock that was set back.
        let isComing = startedOverAt > now && startedOverAt <= now + Self.spacing
        let soon =
            isComing ? startedOverAt : startedOverAt > now ? now : max(now, startedOverAt + Self.spacing)
        startedOverAt = soon
        for (order, state) in states { states[order] = State(dueAt: min(soon, max(state.dueAt, now))) }
    }

    private func regularTime(of order: Order, after now: Instant) -> Instant {
        let slot = clock.currentSlot(at: now)
        let first = clock.firstSlot(of: Epoch(clock.epoch(of: slot).rawValue &+ 1))
        switch order {
        case .feeRecipients: return clock.start(of: first)
        case .committees:
            let quiet = quietTime(of: slot)
            return quiet > now ? quiet : quietTime(of: slot + 1)
        case .syncCommittees: return quietTime(of: first)
        case .registrations(let part): return quietTime(of: first + UInt64(part) % clock.slotsPerEpoch)
        }
    }

    /// After three quarters of a slot its duties are done.
    private func quietTime(of slot: Slot) -> Instant { clock.start(of: slot) + clock.slotDuration * 3 / 4 }
}
