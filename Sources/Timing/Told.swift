/// What was told lately, so that a cause that lasts is told now and then and not each time.
package struct Told<Time: InstantProtocol>: Sendable where Time.Duration == Duration, Time: Sendable {
    private let every: Duration
    private let countMax: Int
    private var times: [String: Time] = [:]

    /// - Parameters:
    ///   - every: how long the same is not told again.
    ///   - countMax: different texts that are remembered; all are forgotten beyond.
    package init(every: Duration, countMax: Int = 4096) {
        self.every = every
        self.countMax = countMax
    }

    package mutating func isNews(_ what: String, at now: Time) -> Bool {
        if let last = times[what], last.duration(to: now) < every { return false }
        if times.count >= countMax { times = [:] }
        times[what] = now
        return true
    }
}
