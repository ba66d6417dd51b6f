import Timing

/// When to say how many lines were dropped: a flood is told now and then, and in whole numbers.
struct DropNotice: Sendable {
    /// As for every line that repeats. Source: operations.md §6.3.
    static let every = Duration.seconds(12)

    private(set) var untold: UInt64 = 0
    private var told = Told<ContinuousClock.Instant>(every: DropNotice.every)

    /// - Returns: what to tell now, if anything.
    mutating func note(_ dropped: UInt64, at now: ContinuousClock.Instant) -> UInt64? {
        untold += dropped
        guard untold > 0, told.isNews("", at: now) else { return nil }
        defer { untold = 0 }
        return untold
    }
}
