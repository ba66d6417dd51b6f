/// Growing pauses between attempts: min(max, base × 1.6ⁿ) × (1 ± jitter). Sources: workflow.md §14, spec/p2p.md §7.
package struct Backoff: Hashable, Sendable {
    private static let factor = 1.6

    private let base: Duration
    package let max: Duration
    /// Share of a pause that is random, either way: those who failed together should not try again together.
    private let jitter: Double
    private var failures = 0

    package init(base: Duration, max: Duration, jitter: Double = 0.2) {
        self.base = base
        self.max = max
        self.jitter = jitter
    }

    /// The pause after one more failure.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        failures += 1
        return delay(attempt: failures, random: &generator)
    }

    package mutating func reset() { failures = 0 }

    /// For those who count themselves.
    ///
    /// - Parameter attempt: failures so far, from 1.
    package func delay(attempt: Int, random: inout some RandomNumberGenerator) -> Duration {
        delay(attempt: attempt) * Double.random(in: 1 - jitter...1 + jitter, using: &random)
    }

    /// Without jitter.
    package func delay(attempt: Int) -> Duration {
        var delay = base
        for _ in 1..<Swift.max(1, min(attempt, 64)) where delay < max { delay = delay * Self.factor }
        return min(delay, max)
    }
}
