/// The health rules over windows of samples: a bad hour is over an hour later, unlike with means since the start.
/// Source: operations.md §10.
package struct HealthWatch: Sendable {
    /// Of 30 s: five minutes, and an hour.
    private static let samplesMax = 10
    private static let longSamplesMax = 120
    /// Half an hour; a day has 48.
    private static let memoryEvery = 60
    private static let memoryPerDay = 48
    /// What a process takes in its first four hours says nothing.
    private static let memoryIgnored = 8
    private static let memoryPerDayMin = 8
    private static let peerMessagesMin = 20.0
    private static let proposalCalls: Set<String> = ["proposal", "submit_blinded_proposal"]

    /// Other operators that a group signature takes.
    private let peersNeeded: Int
    /// The oldest first; the first one is what the others are compared with.
    private var window = [HealthSample()]
    private var heads: [[String: HealthSample.Part]] = [[:]]
    private var outsiders: [[String: HealthSample.Part]] = [[:]]
    private var memory: [Double] = []
    private var samples = 0
    package private(set) var failing: Set<HealthRule> = []
    /// Metrics with too many series, and how many.
    package private(set) var crowded: [String: Int] = [:]

    package init(peersNeeded: Int) { self.peersNeeded = peersNeeded }

    /// Once in 30 s.
    package mutating func take(_ sample: HealthSample) {
        Self.push(sample, to: &window, max: Self.samplesMax)
        Self.push(sample.lateHeads, to: &heads, max: Self.longSamplesMax)
        Self.push(sample.outsiders, to: &outsiders, max: Self.longSamplesMax)
        if samples.isMultiple(of: Self.memoryEvery), samples / Self.memoryEvery >= Self.memoryIgnored {
            memory.append(sample.memoryBytes)
            if memory.count > 2 * Self.memoryPerDay { memory.removeFirst() }
        }
        samples += 1
        crowded = sample.crowded
        failing = Set(HealthRule.allCases.filter { fails($0) })
    }

    /// Keeps one sample more than `max`: that from before the window.
    private static func push<Value>(_ value: Value, to values: inout [Value], max: Int) {
        values.append(value)
        if values.count > max + 1 { values.removeFirst() }
    }

    private func fails(_ rule: HealthRule) -> Bool {
        let (first, last, recent) = (window[0], window[window.count - 1], window.dropFirst())
        switch rule {
        case .beaconNodeSyncing: return recent.contains(where: \.isSyncing)
        case .connectedPeers: return recent.allSatisfy { $0.connectedPeers < peersNeeded }
        case .pendingValidators: return recent.contains { $0.pendingValidators > 0 }
        case .registrationFailures: return last.registrationErrors > first.registrationErrors
        case .highCardinality: return !last.crowded.isEmpty
        case .beaconNodeLatency:
            return Self.worst(first.calls, last.calls) { !Self.proposalCalls.contains($0) } > 1
        case .beaconNodeProposalLatency:
            return Self.worst(first.calls, last.calls) { Self.proposalCalls.contains($0) } > 2
        case .clockOffset: return recent.contains { $0.clockOffset > 0.2 }
        case .pingLatency: return Self.worst(first.pings, last.pings) > 0.15
        case .usingFallback: return recent.contains(where: \.usesFallback)
        case .roundChanges: return last.lackedRoundChanges > first.lackedRoundChanges
        case .consensusRounds: return recent.contains { $0.decidedRound >= 2 }
        case .localBlock: return last.isBlockLocal
        case .proposalFeeRecipient: return last.paysOther
        case .headDelay: return Self.parts(heads).contains { $0.some > 0.04 * $0.all }
        case .parSigLatency: return Self.worst(first.arrivals, last.arrivals) > 2
        case .parSigLatencyProposer: return Self.worst(first.proposalArrivals, last.proposalArrivals) > 3
        case .syncHeadDisagreement:
            return Self.parts(outsiders).contains { $0.all >= Self.peerMessagesMin && $0.some > 0.05 * $0.all }
        case .memoryLeak: return isLeaking
        }
    }

    /// The largest mean of what was added in between; 0 if nothing was.
    private static func worst(
        _ first: [String: HealthSample.Total], _ last: [String: HealthSample.Total],
        where condition: (String) -> Bool = { _ in true }
    ) -> Double {
        last.filter { condition($0.key) }.compactMap { ($0.value - first[$0.key, default: .init()]).mean }.max() ?? 0
    }

    private static func parts(_ window: [[String: HealthSample.Part]]) -> [HealthSample.Part] {
        guard let first = window.first, let last = window.last else { return [] }
        return last.map { $0.value - first[$0.key, default: .init()] }
    }

    private var isLeaking: Bool {
        let today = memory.suffix(Self.memoryPerDay)
        let before = memory.dropLast(Self.memoryPerDay)
        guard today.count >= Self.memoryPerDayMin, before.count >= Self.memoryPerDayMin else { return false }
        func mean(_ values: ArraySlice<Double>) -> Double { values.reduce(0, +) / Double(values.count) }
        return mean(today) > 1.05 * mean(before)
    }
}
