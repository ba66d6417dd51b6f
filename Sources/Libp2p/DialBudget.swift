import NIOCore

/// How often one peer may make us dial where it says, beyond the regular intervals: `max` times in `window`.
struct DialBudget: Sendable {
    static let max = 6
    static let window = TimeAmount.minutes(10)

    private var used: [NIODeadline] = []

    mutating func take(now: NIODeadline) -> Bool {
        used.removeAll { now - $0 >= Self.window }
        guard used.count < Self.max else { return false }
        used.append(now)
        return true
    }
}
