/// Growing pauses between attempts: `base` × 1.6ⁿ, ±20 %, at most `max`. Source: spec/p2p.md §7.
package struct Backoff: Sendable {
    private static let factor = 1.6
    private static let jitter = 0.2

    private let base: Duration
    private let max: Duration
    private var failures = 0

    package init(base: Duration, max: Duration) {
        self.base = base
        self.max = max
    }

    /// The pause after one more failure.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        var pause = base
        for _ in 0..<failures where pause < max { pause = pause * Self.factor }
        failures += 1
        return Swift.min(pause, max) * Double.random(in: 1 - Self.jitter...1 + Self.jitter, using: &generator)
    }

    package mutating func reset() { failures = 0 }
}
