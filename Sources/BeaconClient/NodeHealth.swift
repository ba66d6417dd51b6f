import BeaconAPI

/// How the beacon nodes are: which are out of reach, so that an outage is told twice and not at every call, and which
/// of them to ask first.
struct NodeHealth {
    struct Outage {
        let since: ContinuousClock.Instant
        fileprivate(set) var calls = 0
        /// Of the last of them.
        fileprivate(set) var cause: BeaconError.Cause
        fileprivate(set) var lasted = Duration.zero

        /// Whole seconds.
        func formatted() -> String { "\(lasted.components.seconds)s" }
    }

    /// The last answers of a node.
    struct Answers {
        static let max = 32
        /// The newest last.
        fileprivate(set) var latencies: [Duration] = []
        fileprivate(set) var last: ContinuousClock.Instant

        fileprivate mutating func add(_ latency: Duration, at now: ContinuousClock.Instant) {
            latencies = latencies.suffix(Self.max - 1) + [latency]
            last = now
        }
    }

    private(set) var outages: [Int: Outage] = [:]
    private(set) var answers: [Int: Answers] = [:]
    private var scores: [Int: NodeScore] = [:]

    /// - Returns: whether this begins an outage. What a node refuses is no outage, and what was cancelled says nothing.
    mutating func failed(_ node: Int, _ cause: BeaconError.Cause, at now: ContinuousClock.Instant) -> Bool {
        let isOutage: Bool
        switch cause {
        case .timeout, .connection, .syncing: isOutage = true
        case .status(_, let status) where status >= 500: isOutage = [502, 503, 504].contains(status)
        case .malformed, .tooLarge: isOutage = false
        case .status, .absent, .cancelled: return false
        }
        scores[node, default: NodeScore()].failed(at: now)
        guard isOutage else { return false }
        let isNews = outages[node] == nil
        outages[node, default: Outage(since: now, cause: cause)].calls += 1
        outages[node]?.cause = cause
        return isNews
    }

    /// - Returns: the outage that ends here.
    mutating func succeeded(
        _ node: Int, _ endpoint: String, after: Duration, at now: ContinuousClock.Instant
    ) -> Outage? {
        scores[node, default: NodeScore()].succeeded(endpoint, after: after, at: now)
        answers[node, default: Answers(last: now)].add(after, at: now)
        guard var outage = outages.removeValue(forKey: node) else { return nil }
        outage.lasted = outage.since.duration(to: now)
        return outage
    }

    mutating func overtaken(_ node: Int, _ endpoint: String, after: Duration, at now: ContinuousClock.Instant) {
        scores[node, default: NodeScore()].overtaken(endpoint, after: after, at: now)
    }

    /// Failed last time, in a way that another node may make good.
    func isOut(_ node: Int) -> Bool { outages[node] != nil }

    /// The nodes with the best first, each with the time it may take; of equals the one configured earlier.
    func runners(
        _ nodes: [Int], _ endpoint: String, timeout: Duration, at now: ContinuousClock.Instant
    ) -> [NodeRace.Runner] {
        let ranked = nodes.map { node in
            (isOut: isOut(node) ? 1 : 0, cost: score(node).cost(endpoint, at: now), node: node)
        }
        return ranked.sorted { ($0.isOut, $0.cost, $0.node) < ($1.isOut, $1.cost, $1.node) }.map { rank in
            .init(node: rank.node, patience: score(rank.node).patience(endpoint, timeout: timeout))
        }
    }

    /// The nodes with the one first that answered first most often lately: where event streams go. Those out of reach are
    /// last; of equals the one configured earlier is first. Source: workflow.md §15.1.
    func ranking(_ nodes: [Int], at now: ContinuousClock.Instant) -> [Int] {
        let ranked = nodes.map { (isOut: isOut($0) ? 1 : 0, wins: score($0).wins(at: now), node: $0) }
        return ranked.sorted { ($0.isOut, -$0.wins, $0.node) < ($1.isOut, -$1.wins, $1.node) }.map(\.node)
    }

    private func score(_ node: Int) -> NodeScore { scores[node] ?? NodeScore() }
}
