import Ethereum
import Timing

/// Hands group signatures to the beacon node and retries until the duty's deadline. Source: workflow.md §13, §14.
///
/// Of exits, which have no deadline and which operators wait for, it remembers what became of each: one that was refused
/// for good is handed in again when an operator asks again.
struct Broadcaster: Sendable {
    /// What the beacon node said at last.
    enum Verdict: Hashable, Sendable {
        case taken
        /// For good.
        case refused(String)
    }

    private let configuration: WorkflowConfiguration
    private var retries: [Duty: [(at: Instant, set: SignedDataSet)]] = [:]
    private var failures: [Duty: Int] = [:]
    /// Of exits: as many as `EndlessDuties` lets there be.
    private var verdicts: [Duty: [EntryKey: Verdict]] = [:]
    private var random: SplitMix64

    init(configuration: WorkflowConfiguration) {
        self.configuration = configuration
        random = SplitMix64(seed: configuration.seed &+ 2)
    }

    /// What only the cluster itself needs is done. Exits go one by one: what becomes of one says nothing of the others.
    mutating func broadcast(_ duty: Duty, _ set: SignedDataSet) -> [Signal] {
        guard !set.isEmpty else { return [] }
        guard duty.type.rules.isBroadcast else { return [.perform(.note(.broadcast(duty, set.keys.sorted())))] }
        guard duty.type == .exit else { return [.perform(.broadcast(duty, set))] }
        for key in set.keys { verdicts[duty]?[key] = nil }
        return set.sorted { $0.key < $1.key }.map { .perform(.broadcast(duty, [$0: $1])) }
    }

    mutating func succeeded(_ duty: Duty, _ keys: [EntryKey]) -> [Signal] {
        note(.taken, duty, keys)
        return [.perform(.note(.broadcast(duty, keys.sorted()))), .broadcasted(duty, keys.sorted())]
    }

    mutating func failed(_ duty: Duty, _ set: SignedDataSet, _ failure: Failure, at now: Instant) -> [Signal] {
        let step = Signal.tracked(duty, .broadcastFailed(failure.reason))
        guard failure.isTemporary, !configuration.deadlines.isExpired(duty, at: now) else {
            note(.refused(failure.reason), duty, set.keys.sorted())
            return [step]
        }
        failures[duty, default: 0] += 1
        let delay = Backoff.duty.delay(attempt: failures[duty] ?? 1, random: &random)
        retries[duty, default: []].append((now + delay, set))
        return [step]
    }

    /// What became of it, as far as that is remembered; nil also while the beacon node has not said.
    func verdict(_ duty: Duty, _ key: EntryKey) -> Verdict? { verdicts[duty]?[key] }

    /// Of an earlier life.
    mutating func restore(_ taken: [Duty: Set<EntryKey>]) {
        for (duty, keys) in taken { note(.taken, duty, keys.sorted()) }
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
        verdicts[duty] = nil
    }

    var nextWake: Instant? { retries.values.joined().map(\.at).min() }

    private mutating func note(_ verdict: Verdict, _ duty: Duty, _ keys: [EntryKey]) {
        guard duty.type == .exit else { return }
        for key in keys { verdicts[duty, default: [:]][key] = verdict }
    }
}
