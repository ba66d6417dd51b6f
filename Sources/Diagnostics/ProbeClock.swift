/// Time as probes see it. Tests give their own.
package struct ProbeClock: Sendable {
    /// Only moves forward; from an arbitrary zero.
    package let now: @Sendable () -> Duration
    /// Throws when cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    init(now: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async throws -> Void) {
        self.now = now
        self.sleep = sleep
    }

    /// The machine's.
    package static let system = {
        let start = ContinuousClock.now
        return ProbeClock(now: { start.duration(to: .now) }, sleep: { try await Task.sleep(for: $0) })
    }()

    func time(_ work: () async throws -> Void) async rethrows -> Duration {
        let start = now()
        try await work()
        return now() - start
    }
}
