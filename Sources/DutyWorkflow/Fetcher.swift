import Ethereum
import SSZ
import Timing

/// Gets our own proposal for a duty from the beacon node, and retries until the duty's deadline. Source: workflow.md §6.
///
/// After an outage many duties wait. They are caught up with oldest first, one at a time, because a vote for a later
/// epoch forbids one for an earlier; what is due just now does not wait for them.
struct Fetcher: Sendable {
    private struct Pending: Sendable {
        var definitions: DutyDefinitionSet
        var failures = 0
        /// nil while a request is out.
        var retryAt: Instant?
    }

    private let configuration: WorkflowConfiguration
    private var pending: [Duty: Pending] = [:]
    private var random: SplitMix64

    init(configuration: WorkflowConfiguration) {
        self.configuration = configuration
        random = SplitMix64(seed: configuration.seed &+ 1)
    }

    /// Whether our own data for a duty are on their way for the first time.
    func isAsking(_ duty: Duty) -> Bool { pending[duty]?.failures == 0 }

    mutating func fetch(_ duty: Duty, _ definitions: DutyDefinitionSet) -> [Signal] {
        guard pending[duty] == nil, !definitions.isEmpty else { return [] }
        pending[duty] = Pending(definitions: definitions)
        return [request(duty, definitions)]
    }

    mutating func received(_ duty: Duty, _ data: FetchedData, at now: Instant) -> [Signal] {
        guard let request = pending[duty] else { return [] }
        switch data {
        case .attestationData(let byCommittee):
            var set: UnsignedDataSet = [:]
            for (pubKey, definition) in request.definitions.sorted(by: { $0.key < $1.key }) {
                guard case .attester(let row) = definition else { continue }
                let committee = committee(of: row)
                guard let entry = byCommittee[committee] else {
                    return failed(
                        duty, Failure(reason: "no data for committee \(committee.rawValue)", isTemporary: true), now)
                }
                if let fault = fault(in: entry, duty: duty, committee: committee) {
                    return failed(duty, Failure(reason: fault, isTemporary: true), now)
                }
                set[pubKey] = .attester(entry, row)
            }
            pending[duty] = nil
            // It works again: nobody waits any longer, except for older ones.
            for (other, request) in pending where request.retryAt != nil { pending[other]?.retryAt = now }
            return [.tracked(duty, .fetched), .fetched(duty, set)]
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
        request.retryAt = now + Backoff.duty.delay(attempt: request.failures, random: &random)
        pending[duty] = request
        return [.tracked(duty, .fetchFailed(failure.reason))]
    }

    mutating func wake(at now: Instant) -> [Signal] {
        guard !isRetrying,
            let duty = pending.filter({ $0.value.retryAt.map { $0 <= now } ?? false }).keys.min()
        else { return [] }
        pending[duty]?.retryAt = nil
        return [request(duty, pending[duty]?.definitions ?? [:])]
    }

    /// The duty is over, or decided without us.
    mutating func drop(_ duty: Duty) { pending[duty] = nil }

    var nextWake: Instant? { isRetrying ? nil : pending.values.compactMap(\.retryAt).min() }

    /// One at a time.
    private var isRetrying: Bool { pending.values.contains { $0.failures > 0 && $0.retryAt == nil } }

    private func request(_ duty: Duty, _ definitions: DutyDefinitionSet) -> Signal {
        var committees: Set<CommitteeIndex> = []
        for definition in definitions.values {
            switch definition {
            case .attester(let row): committees.insert(committee(of: row))
            }
        }
        return .perform(.fetch(duty, .attestationData(committees.sorted())))
    }

    /// From Electra on the data of all committees are the same and only committee 0 is asked.
    private func committee(of row: AttesterDuty) -> CommitteeIndex {
        let fork = configuration.forks.fork(at: configuration.clock.epoch(of: row.slot))
        return fork >= .electra ? .zero : row.committeeIndex
    }

    private func fault(in data: AttestationData, duty: Duty, committee: CommitteeIndex) -> String? {
        AttestationRules.fault(in: data, slot: duty.slot, clock: configuration.clock)
            ?? (data.index == committee
                ? nil : "attestation data for committee \(data.index.rawValue), asked for \(committee.rawValue)")
    }
}
