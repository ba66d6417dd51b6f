import Ethereum
import Timing

/// One kind of one epoch's duties.
struct DutyQuestion: Hashable, Comparable, Sendable {
    let epoch: Epoch
    let kind: DutyKind

    static func < (a: Self, b: Self) -> Bool { (a.epoch, a.kind) < (b.epoch, b.kind) }
}

/// Which questions about duties are out, which failed, and what is to be asked again: each by itself, so that what is
/// wrong with one kind of duties costs the others nothing.
///
/// What the chain's events say has changed is asked again once a slot at most: a beacon node may send them without end.
struct DutyQuestions: Sendable {
    private enum Doubt: Sendable {
        case no
        /// Told too early to be sure, or asked again in vain.
        case mild
        /// The chain has left the block that it depends on: duties that are due wait for the answer.
        case grave
    }

    private struct State: Sendable {
        var isOut = false
        var failures = 0
        var retryAt: Instant?
        var doubt = Doubt.no
        /// The last slot in which it was asked because of an event.
        var doubtedIn: Slot?
        /// Duties wait since then.
        var heldFrom: Instant?
    }

    /// Part of a slot for which a due duty waits, at the longest.
    private static let holdPart = 12

    private let clock: SlotClock
    private var states: [DutyQuestion: State] = [:]
    private var random: SplitMix64

    init(clock: SlotClock, seed: UInt64) {
        self.clock = clock
        random = SplitMix64(seed: seed)
    }

    /// Those whose answers are not to be relied on.
    var doubtful: [DutyQuestion] { states.filter { $0.value.doubt != .no }.keys.sorted() }

    /// Whether to ask now; then it counts as asked.
    ///
    /// - Parameter isKnown: whether there is an answer.
    mutating func ask(_ question: DutyQuestion, isKnown: Bool, at now: Instant) -> Bool {
        guard let due = nextAsk(question, isKnown: isKnown, at: now), due <= now else { return false }
        var state = states[question] ?? State()
        state.isOut = true
        if isKnown, state.doubt == .grave {
            state.doubtedIn = clock.currentSlot(at: now)
            state.heldFrom = now
        }
        state.doubt = .no
        states[question] = state
        return true
    }

    /// Nil if there is nothing to ask.
    func nextAsk(_ question: DutyQuestion, isKnown: Bool, at now: Instant) -> Instant? {
        guard let state = states[question] else { return isKnown ? nil : now }
        guard !state.isOut, !isKnown || state.doubt != .no else { return nil }
        let current = clock.currentSlot(at: now)
        let isTooSoon = isKnown && state.doubt == .grave && state.doubtedIn == current
        return max(state.retryAt ?? now, isTooSoon ? clock.start(of: Slot(current.rawValue + 1)) : now)
    }

    /// - Returns: whether it was asked.
    mutating func answered(_ question: DutyQuestion) -> Bool {
        guard var state = states[question] else { return false }
        defer { states[question] = state }
        let wasOut = state.isOut
        state.isOut = false
        state.failures = 0
        state.retryAt = nil
        state.heldFrom = nil
        return wasOut
    }

    /// Asked again after a pause that grows up to a slot.
    mutating func failed(_ question: DutyQuestion, isKnown: Bool, at now: Instant) {
        var state = states[question] ?? State()
        state.isOut = false
        state.heldFrom = nil
        state.failures += 1
        state.retryAt = now + min(Backoff.duty.delay(attempt: state.failures, random: &random), clock.slotDuration)
        if isKnown, state.doubt == .no { state.doubt = .mild }
        states[question] = state
    }

    /// What was told cannot be all.
    mutating func repeatNextSlot(_ question: DutyQuestion, at now: Instant) {
        doubt(question)
        states[question]?.retryAt = clock.start(of: Slot(clock.currentSlot(at: now).rawValue + 1))
    }

    /// What is known was told before its epoch began.
    mutating func doubt(_ question: DutyQuestion) {
        if states[question, default: State()].doubt == .no { states[question, default: State()].doubt = .mild }
    }

    /// An event says so. Also of a question that is out: its answer may be of the branch that was left.
    mutating func changed(_ question: DutyQuestion) { states[question, default: State()].doubt = .grave }

    /// Until when duties of that kind wait; nil if they do not.
    func held(_ question: DutyQuestion, at now: Instant) -> Instant? {
        guard let from = states[question]?.heldFrom else { return nil }
        let until = from + clock.slotDuration / Self.holdPart
        // A clock that was set back must not make it longer.
        return from <= now && now < until ? until : nil
    }

    var holdsAny: Bool { states.values.contains { $0.heldFrom != nil } }

    func isOut(_ question: DutyQuestion) -> Bool { states[question]?.isOut ?? false }

    /// Whether what is known is to be relied on.
    func isSettled(_ question: DutyQuestion) -> Bool {
        states[question].map { !$0.isOut && $0.doubt == .no } ?? true
    }

    /// Epochs that are over.
    mutating func forget(before epoch: Epoch) { states = states.filter { $0.key.epoch >= epoch } }
}
