import Ethereum
import Timing

/// Gets our own proposal for a duty from the beacon node, and retries until the duty's deadline. Source: workflow.md §6.
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

    mutating func fetch(_ duty: Duty, _ definitions: DutyDefinitionSet) -> [Signal] {
        guard pending[duty] == nil, !definitions.isEmpty else { return [] }
        pending[duty] = Pending(definitions: definitions)
        return [request(duty, definitions)]
    }

    mutating func received(_ duty: Duty, _ data: [CommitteeIndex: AttestationData], at now: Instant) -> [Signal] {
        guard let request = pending[duty] else { return [] }
        var set: UnsignedDataSet = [:]
        for (pubKey, definition) in request.definitions.sorted(by: { $0.key < $1.key }) {
            guard case .attester(let row) = definition else { continue }
            let committee = committee(of: row)
            guard let entry = data[committee] else {
                return failed(
                    duty, Failure(reason: "no data for committee \(committee.rawValue)", isTemporary: true), now)
            }
            if let fault = fault(in: entry, duty: duty, committee: committee) {
                return failed(duty, Failure(reason: fault, isTemporary: true), now)
            }
            set[pubKey] = .attester(entry, row)
        }
        pending[duty] = nil
        return [.tracked(duty, .fetched), .fetched(duty, set)]
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
        let due = pending.filter { $0.value.retryAt.map { $0 <= now } ?? false }.keys.sorted()
        return due.map { duty in
            pending[duty]?.retryAt = nil
            return request(duty, pending[duty]?.definitions ?? [:])
        }
    }

    mutating func expire(_ duty: Duty) { pending[duty] = nil }

    var nextWake: Instant? { pending.values.compactMap(\.retryAt).min() }

    private func request(_ duty: Duty, _ definitions: DutyDefinitionSet) -> Signal {
        let committees = Set(
            definitions.values.map { definition in
                switch definition {
                case .attester(let row): committee(of: row)
                }
            })
        return .perform(.fetchAttestationData(duty, committees.sorted()))
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

/// What every attestation must satisfy whoever proposes it. Source: consensus-specs validator.md, "Attesting".
enum AttestationRules {
    static func fault(in data: AttestationData, slot: Slot, clock: SlotClock) -> String? {
        if data.slot != slot { return "attestation data of slot \(data.slot.rawValue) for slot \(slot.rawValue)" }
        if data.target.epoch != clock.epoch(of: slot) {
            return "target epoch \(data.target.epoch.rawValue) is not the epoch of slot \(slot.rawValue)"
        }
        // Justified is what an earlier epoch voted for; only the first epoch has none before it.
        if data.source.epoch >= data.target.epoch, data.target.epoch > .zero {
            return "source epoch \(data.source.epoch.rawValue) is not below target epoch \(data.target.epoch.rawValue)"
        }
        if data.source.epoch > data.target.epoch { return "source epoch above target epoch 0" }
        return nil
    }
}
