import Ethereum

/// Deterministic random numbers (SplitMix64), for jitter and simulations. Not for keys.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Growing pauses between attempts: base × 1.6ⁿ, capped, with jitter. Source: workflow.md §14.
package struct Backoff: Sendable {
    package let base: Duration
    package let cap: Duration
    /// Share of the delay that is random, either way.
    package let jitter: Double

    /// Of the duty retryer.
    package static let duty = Backoff(base: .milliseconds(250), cap: .seconds(12), jitter: 0.1)

    /// - Parameter attempt: failures so far, 1-based.
    package func delay(attempt: Int, random: inout SplitMix64) -> Duration {
        var delay = base
        for _ in 1..<max(1, min(attempt, 64)) where delay < cap { delay = delay * 8 / 5 }
        let factor = 1 + jitter * Double.random(in: -1...1, using: &random)
        return min(delay, cap) * factor
    }
}
