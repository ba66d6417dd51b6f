import Timing

/// Keeps this node reachable through one relay. Pure: time comes in, what to do comes out.
///
///     absent ──connected──► asking ──granted──► held ──renewal due──► asking
///       ▲                     │ ▲                │
///       │                failed ▼ pause over     │
///       │                   pausing              │
///       └───────disconnected────┴────────────────┘
///
/// A reservation dies with the connection, so a new connection asks at once. Source: spec/p2p.md §8.2.
struct ReservationKeeper: Sendable {
    /// Asked again this long before the end.
    static let renewBefore: UInt64 = 120
    /// Between a grant and the next question, whatever the relay's clock, or ours, says.
    static let pauseRange: ClosedRange<UInt64> = 30...3600
    static let backoffMax = Duration.seconds(120)

    enum State: Equatable, Sendable {
        /// Not connected.
        case absent
        case asking
        case held
        case pausing(Problem)
    }

    enum Problem: Equatable, Sendable {
        /// What the relay answered.
        case refused(CircuitStatus)
        /// No answer, or none that can be understood.
        case unanswered(String)
    }

    enum Effect: Equatable, Sendable {
        case ask
        /// Call `waited` after this; replaces an earlier wait.
        case wait(Duration)
        case stopWaiting
        /// For people; each change once.
        case report(Report)
    }

    enum Report: Equatable, Sendable {
        case granted(until: UInt64)
        case failed(Problem)
        /// It was held, and ended with the connection.
        case lost
    }

    private(set) var state = State.absent
    /// Until when others can reach us, in seconds since 1970; nil when they cannot. A renewal that is refused takes
    /// nothing away.
    private(set) var heldUntil: UInt64?
    private var backoff: Backoff
    private var lastReport: Report?

    init(backoffBase: Duration = .seconds(1)) {
        backoff = Backoff(base: backoffBase, max: Self.backoffMax)
    }

    /// The first connection to the relay is there.
    mutating func connected() -> [Effect] {
        guard state == .absent else { return [] }
        state = .asking
        return [.ask]
    }

    /// The last connection to the relay is gone.
    mutating func disconnected() -> [Effect] {
        guard state != .absent else { return [] }
        state = .absent
        heldUntil = nil
        guard case .granted? = lastReport else { return [.stopWaiting] }
        lastReport = .lost
        return [.stopWaiting, .report(.lost)]
    }

    /// - Parameters:
    ///   - expire: of the reservation, by the relay's clock.
    ///   - now: seconds since 1970.
    mutating func granted(until expire: UInt64, now: UInt64) -> [Effect] {
        guard state == .asking else { return [] }
        state = .held
        heldUntil = expire
        backoff.reset()
        let left = expire > now ? expire - now : 0
        let due = left > Self.renewBefore ? left - Self.renewBefore : 0
        let pause = min(max(due, Self.pauseRange.lowerBound), Self.pauseRange.upperBound)
        var effects = [Effect.wait(.seconds(Int64(pause)))]
        // A renewal is no news.
        if case .granted? = lastReport {} else { effects.append(.report(.granted(until: expire))) }
        lastReport = .granted(until: expire)
        return effects
    }

    mutating func failed(
        _ problem: Problem, now: UInt64, using generator: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard state == .asking else { return [] }
        state = .pausing(problem)
        var effects = [Effect.wait(backoff.next(using: &generator))]
        // While the last one lives there is time to ask again, and nothing to worry about.
        if let heldUntil, heldUntil > now { return effects }
        heldUntil = nil
        if lastReport != .failed(problem) { effects.append(.report(.failed(problem))) }
        lastReport = .failed(problem)
        return effects
    }

    mutating func waited() -> [Effect] {
        switch state {
        case .held, .pausing:
            state = .asking
            return [.ask]
        case .absent, .asking: return []
        }
    }
}

extension ReservationKeeper.Problem: CustomStringConvertible {
    var description: String {
        switch self {
        case .refused(.reservationRefused), .refused(.resourceLimitExceeded):
            "the relay is full, or has too many nodes of this network address"
        case .refused(.permissionDenied): "the relay does not serve this node"
        case .refused(let status): "the relay answered: \(status)"
        case .unanswered(let text): text
        }
    }
}
