import Ethereum
import SSZ
import Timing

/// Gets our own proposal for a duty from the beacon node, and retries until the duty's deadline. Source: workflow.md §6.
///
/// What to ask may depend on signatures and values that the cluster is still making: then the request waits for them,
/// and for those of single validators only a while, for the others' sake.
///
/// After an outage many votes wait. They are caught up with oldest first, one at a time, because a vote for a later
/// epoch forbids one for an earlier; what is due just now, and what is no vote, does not wait for them.
struct Fetcher: Sendable {
    private enum Stage: Hashable, Sendable {
        /// For what the cluster is making.
        case waiting
        case asking
        /// The answer is being judged.
        case given
        case failed(retryAt: Instant)
    }

    private struct Pending: Sendable {
        var definitions: DutyDefinitionSet
        var failures = 0
        var stage = Stage.waiting
        /// From then on those that are ready go ahead.
        var patientUntil: Instant
        var isPatient = true

        var retryAt: Instant? {
            guard case .failed(let at) = stage else { return nil }
            return at
        }
    }

    /// Part of a slot for which a validator whose selection is late is waited for.
    private static let patiencePart = 12

    private var configuration: WorkflowConfiguration
    private var pending: [Duty: Pending] = [:]
    private var random: SplitMix64

    init(configuration: WorkflowConfiguration) {
        self.configuration = configuration
        random = SplitMix64(seed: configuration.seed &+ 1)
    }

    mutating func follow(_ forks: ForkSchedule) { configuration.forks = forks }

    mutating func write(_ graffiti: [PubKey: Bytes32]) { configuration.proposals.graffiti = graffiti }

    mutating func pay(_ addresses: [PubKey: Bytes20]) { configuration.proposals.feeRecipients = addresses }

    /// Whether our own data for a duty are on their way for the first time, or will be.
    func isExpecting(_ duty: Duty) -> Bool { pending[duty].map { $0.failures == 0 } ?? false }

    mutating func fetch(
        _ duty: Duty, _ definitions: DutyDefinitionSet, from sources: FetchSources, at now: Instant
    ) -> [Signal] {
        guard pending[duty] == nil, !definitions.isEmpty else { return [] }
        let clock = configuration.clock
        pending[duty] = Pending(
            definitions: definitions, patientUntil: clock.begin(of: duty) + clock.slotDuration / Self.patiencePart)
        return advance(duty, sources, now)
    }

    /// The cluster has made something: requests that may have waited for it go out.
    mutating func resume(slot: Slot, from sources: FetchSources, at now: Instant) -> [Signal] {
        pending.filter { $0.key.slot == slot && $0.value.stage == .waiting }.keys.sorted().flatMap {
            advance($0, sources, now)
        }
    }

    /// What is to be proposed is judged next: `accepted` or `failed` says how it went.
    mutating func received(
        _ duty: Duty, _ data: FetchedData, from sources: FetchSources, at now: Instant
    ) -> [Signal] {
        guard let request = pending[duty] else { return [] }
        let proposal = OwnProposal(planner: planner(sources), duty: duty, definitions: request.definitions)
        switch proposal.make(of: data) {
        case .failure(let fault): return failed(duty, Failure(reason: fault.reason, isTemporary: true), now)
        case .success(let signals):
            pending[duty]?.stage = .given
            if duty.type.rules.isFetchedAlone { accepted(duty, at: now) }
            return [.tracked(duty, .fetched)] + signals
        }
    }

    mutating func accepted(_ duty: Duty, at now: Instant) {
        guard pending.removeValue(forKey: duty) != nil else { return }
        // It works again: nobody waits any longer, except for older ones.
        for (other, request) in pending {
            if case .failed = request.stage { pending[other]?.stage = .failed(retryAt: now) }
        }
    }

    mutating func failed(_ duty: Duty, _ failure: Failure, _ now: Instant) -> [Signal] {
        guard var request = pending[duty] else { return [] }
        let isOver = configuration.deadlines.isExpired(duty, at: now)
        guard failure.isTemporary, !isOver else {
            pending[duty] = nil
            return [.tracked(duty, .fetchFailed(failure.reason))]
        }
        request.failures += 1
        request.stage = .failed(retryAt: now + Backoff.duty.delay(attempt: request.failures, random: &random))
        pending[duty] = request
        return [.tracked(duty, .fetchFailed(failure.reason))]
    }

    mutating func wake(from sources: FetchSources, at now: Instant) -> [Signal] {
        // Once each: what comes later is told by `resume`.
        var ready = pending.filter {
            $0.value.stage == .waiting && $0.value.isPatient && $0.value.patientUntil <= now
        }.keys.sorted()
        for duty in ready { pending[duty]?.isPatient = false }
        let due = pending.filter { isDue($0.value, now) }.keys.sorted()
        ready += due.filter { $0.type != .attester }
        if !isRetrying, let vote = due.first(where: { $0.type == .attester }) { ready.append(vote) }
        return ready.flatMap { duty in
            pending[duty]?.stage = .waiting
            return advance(duty, sources, now)
        }
    }

    /// The duty is over, or decided without us.
    mutating func drop(_ duty: Duty) { pending[duty] = nil }

    func nextWake(after now: Instant) -> Instant? {
        let isRetrying = isRetrying
        let retries = pending.compactMap { isRetrying && $0.key.type == .attester ? nil : $0.value.retryAt }
        let patience = pending.values.filter { $0.stage == .waiting && $0.patientUntil > now }.map(\.patientUntil)
        return (retries + patience).min()
    }

    /// Of votes one at a time.
    private var isRetrying: Bool {
        pending.contains { $0.key.type == .attester && $0.value.failures > 0 && $0.value.stage == .asking }
    }

    private func isDue(_ request: Pending, _ now: Instant) -> Bool { request.retryAt.map { $0 <= now } ?? false }

    private func planner(_ sources: FetchSources) -> FetchPlanner {
        FetchPlanner(configuration: configuration, sources: sources)
    }

    private mutating func advance(_ duty: Duty, _ sources: FetchSources, _ now: Instant) -> [Signal] {
        guard let request = pending[duty] else { return [] }
        let isPatient = now < request.patientUntil
        switch planner(sources).plan(duty, request.definitions, isPatient: isPatient) {
        case .wait: return []
        case .nothing:
            pending[duty] = nil
            return [.tracked(duty, .fetched)]
        case .ask(let fetch):
            pending[duty]?.stage = .asking
            return [.perform(.fetch(duty, fetch))]
        }
    }
}
