import Ethereum
import Timing

/// Hands group signatures to the beacon node and retries until the duty's deadline. Source: workflow.md §13, §14.
struct Broadcaster: Sendable {
    private let configuration: WorkflowConfiguration
    private var retries: [Duty: [(at: Instant, set: SignedDataSet)]] = [:]
    private var failures: [Duty: Int] = [:]
    private var random: SplitMix64

    init(configuration: WorkflowConfiguration) {
        self.configuration = configuration
        random = SplitMix64(seed: configuration.seed &+ 2)
    }

    /// What only the cluster itself needs is done.
    func broadcast(_ duty: Duty, _ set: SignedDataSet) -> [Signal] {
        guard !set.isEmpty else { return [] }
        return duty.type.rules.isBroadcast
            ? [.perform(.broadcast(duty, set))]
            : [.perform(.note(.broadcast(duty, set.keys.sorted())))]
    }

    func succeeded(_ duty: Duty, _ keys: [EntryKey]) -> [Signal] {
        [.perform(.note(.broadcast(duty, keys.sorted()))), .broadcasted(duty, keys.sorted())]
    }

    mutating func failed(_ duty: Duty, _ set: SignedDataSet, _ failure: Failure, at now: Instant) -> [Signal] {
        let step = Signal.tracked(duty, .broadcastFailed(failure.reason))
        guard failure.isTemporary, !configuration.deadlines.isExpired(duty, at: now) else { return [step] }
        failures[duty, default: 0] += 1
        let delay = Backoff.duty.delay(attempt: failures[duty] ?? 1, random: &random)
        retries[duty, default: []].append((now + delay, set))
        return [step]
    }

    mutating func wake(at now: Instant) -> [Signal] {
        var signals: [Signal] = []
        for duty in retries.keys.sorted() {
            let due = (retries[duty] ?? []).filter { $0.at <= now }
            guard !due.isEmpty else { continue }
            retries[duty]?.removeAll { $0.at <= now }
            signals += due.map { .perform(.broadcast(duty, $0.set)) }
        }
        return signals
    }

    mutating func expire(_ duty: Duty) {
        retries[duty] = nil
        failures[duty] = nil
    }

    var nextWake: Instant? { retries.values.joined().map(\.at).min() }
}
