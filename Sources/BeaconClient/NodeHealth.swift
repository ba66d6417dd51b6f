import BeaconAPI

/// Which beacon nodes are out of reach, so that an outage is told twice, not at every call.
struct NodeHealth {
    struct Outage {
        let since: ContinuousClock.Instant
        fileprivate(set) var calls = 0
        fileprivate(set) var lasted = Duration.zero

        /// Whole seconds.
        func formatted() -> String { "\(lasted.components.seconds)s" }
    }

    private var outages: [Int: Outage] = [:]

    /// - Returns: whether this begins an outage. What a node refuses is no outage, and what was cancelled says nothing.
    mutating func failed(_ node: Int, _ cause: BeaconError.Cause, at now: ContinuousClock.Instant) -> Bool {
        switch cause {
        case .timeout, .connection, .syncing: break
        case .status(_, let status) where [502, 503, 504].contains(status): break
        case .status, .malformed, .tooLarge, .cancelled: return false
        }
        let isNews = outages[node] == nil
        outages[node, default: Outage(since: now)].calls += 1
        return isNews
    }

    /// - Returns: the outage that ends here.
    mutating func succeeded(_ node: Int, at now: ContinuousClock.Instant) -> Outage? {
        guard var outage = outages.removeValue(forKey: node) else { return nil }
        outage.lasted = outage.since.duration(to: now)
        return outage
    }
}
