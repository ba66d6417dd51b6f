/// Growing pauses between attempts: min(cap, base × factorⁿ) × (1 ± jitter). Source: workflow.md §14.
package struct PauseSchedule: Hashable, Sendable {
    package let base: Duration
    package let factor: Double
    /// Share of the pause, 0…1.
    package let jitter: Double
    package let cap: Duration

    package init(base: Duration, factor: Double, jitter: Double, cap: Duration) {
        self.base = base
        self.factor = factor
        self.jitter = jitter
        self.cap = cap
    }

    /// For what usually answers soon: 100 ms growing to 5 s.
    package static let fast = PauseSchedule(base: .milliseconds(100), factor: 1.6, jitter: 0.2, cap: .seconds(5))
    /// 1 s growing to 120 s.
    package static let standard = PauseSchedule(base: .seconds(1), factor: 1.6, jitter: 0.2, cap: .seconds(120))
    /// For an event stream: as long as the server asks, at most twice that.
    package static func reconnect(after retry: Duration) -> PauseSchedule {
        PauseSchedule(base: retry, factor: 1.6, jitter: 0, cap: retry * 2)
    }

    /// The pause after `attempt` failures before this one, 0 for the first.
    ///
    /// - Parameter random: uniform in -1…1.
    package func delay(attempt: Int, random: Double) -> Duration {
        var delay = base
        for _ in 0..<max(0, attempt) where delay < cap { delay = delay * factor }
        return min(cap, delay) * (1.0 + jitter * random)
    }
}
