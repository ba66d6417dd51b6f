import BeaconAPI

/// How good a node has been lately: the time that a question to it probably costs, and how often it answered first.
///
/// What is known fades with a half-life of a minute, so that a node that was slow or failed is tried again, and one
/// that was never asked is tried first.
struct NodeScore {
    private static let halfLife = Duration.seconds(60)
    /// How much the newest answer counts.
    private static let weight = 0.3
    /// What a failure costs: about a time-out.
    private static let failureCost = Duration.seconds(2)

    /// A number that fades.
    private struct Fading {
        private(set) var value: Double
        private var at: ContinuousClock.Instant

        init(_ value: Double, at now: ContinuousClock.Instant) {
            self.value = value
            at = now
        }

        func faded(at now: ContinuousClock.Instant) -> Double {
            var value = value
            var age = max(.zero, at.duration(to: now))
            while age >= NodeScore.halfLife, value > 1e-6 {
                value /= 2
                age -= NodeScore.halfLife
            }
            // Between two half-lives a straight line is good enough.
            return value * (1 - 0.5 * min(1, age / NodeScore.halfLife))
        }

        mutating func count(at now: ContinuousClock.Instant) {
            value = faded(at: now) + 1
            at = now
        }

        /// To a mean.
        mutating func add(_ sample: Double, at now: ContinuousClock.Instant) {
            value = (1 - NodeScore.weight) * faded(at: now) + NodeScore.weight * sample
            at = now
        }
    }

    /// Seconds until an answer, by name of the endpoint: our own names, so there are few.
    private var latencies: [String: Fading] = [:]
    /// Of 1.
    private var failureRate: Fading?
    /// Answers that were the first, of any node.
    private var won: Fading?

    /// - Parameter after: from the question to the whole answer.
    mutating func succeeded(_ endpoint: String, after: Duration, at now: ContinuousClock.Instant) {
        addLatency(endpoint, after / .seconds(1), now)
        failureRate?.add(0, at: now)
        if won == nil { won = Fading(0, at: now) }
        won?.count(at: now)
    }

    mutating func failed(at now: ContinuousClock.Instant) {
        if failureRate == nil { failureRate = Fading(0, at: now) }
        failureRate?.add(1, at: now)
    }

    /// Another node's answer came first, so this one's would have taken longer.
    mutating func overtaken(_ endpoint: String, after: Duration, at now: ContinuousClock.Instant) {
        let seconds = after / .seconds(1)
        if seconds > latencies[endpoint]?.faded(at: now) ?? 0 { addLatency(endpoint, seconds, now) }
    }

    private mutating func addLatency(_ endpoint: String, _ seconds: Double, _ now: ContinuousClock.Instant) {
        if latencies[endpoint] == nil {
            latencies[endpoint] = Fading(seconds, at: now)
        } else {
            latencies[endpoint]?.add(seconds, at: now)
        }
    }

    /// In whole milliseconds: nodes that differ by less are equally good.
    func cost(_ endpoint: String, at now: ContinuousClock.Instant) -> Int64 {
        let latency = latencies[endpoint]?.faded(at: now) ?? 0
        let cost = .seconds(1) * latency + Self.failureCost * (failureRate?.faded(at: now) ?? 0)
        return Int64(cost / .milliseconds(1))
    }

    /// Whole ones, about of the last minute.
    func wins(at now: ContinuousClock.Instant) -> Int64 { Int64((won?.faded(at: now) ?? 0).rounded()) }

    /// How long the node may take before another one is asked, too: twice as long as usual, within bounds.
    ///
    /// - Parameter timeout: of the whole question; a quarter of it is the longest.
    func patience(_ endpoint: String, timeout: Duration) -> Duration {
        let usual = latencies[endpoint].map { Duration.seconds(1) * $0.value } ?? .milliseconds(50)
        return min(max(usual * 2, .milliseconds(50)), timeout / 4)
    }
}
