/// More and more pings at once: one more pinger each second, each with a random pause of 0 to 99 ms between its pings.
/// The longest round trip counts. Source: spec/cli-create.md §13.
struct PingLoad: Sendable {
    /// Sockets are finite; nobody needs more to see a service bend.
    private static let pingersMax = 256
    private static let pauseMax = 99

    let duration: Duration
    let clock: ProbeClock
    /// A random pause, in milliseconds, up to this.
    var pause: @Sendable (_ max: Int) -> Int = { Int.random(in: 0...$0) }

    private struct Tally: Sendable {
        var longest = Duration.zero
        var pings = 0
        var failures = 0
        var firstFailure = ""

        mutating func add(_ other: Tally) {
            longest = max(longest, other.longest)
            pings += other.pings
            if failures == 0 { firstFailure = other.firstFailure }
            failures += other.failures
        }
    }

    /// - Parameter ping: one ping; returns its round trip.
    /// - Returns: the longest round trip.
    /// - Throws: when pings failed, or the task was cancelled.
    func longest(_ ping: @escaping @Sendable () async throws -> Duration) async throws -> Duration {
        let end = clock.now() + duration
        let tally = try await withThrowingTaskGroup(of: Tally.self) { group in
            var pingers = 0
            while clock.now() < end {
                if pingers < Self.pingersMax { group.addTask { try await pings(until: end, ping) } }
                pingers += 1
                try await clock.sleep(min(.seconds(1), end - clock.now()))
            }
            return try await group.reduce(into: Tally()) { $0.add($1) }
        }
        guard tally.failures == 0 else {
            throw CaseFailure.pings(failed: tally.failures, of: tally.pings, first: tally.firstFailure)
        }
        return tally.longest
    }

    private func pings(until end: Duration, _ ping: @Sendable () async throws -> Duration) async throws -> Tally {
        var tally = Tally()
        repeat {
            tally.pings += 1
            do {
                tally.longest = max(tally.longest, try await ping())
            } catch {
                try Task.checkCancellation()
                if tally.failures == 0 { tally.firstFailure = "\(error)" }
                tally.failures += 1
            }
            try await clock.sleep(.milliseconds(pause(Self.pauseMax)))
        } while clock.now() < end
        return tally
    }
}
