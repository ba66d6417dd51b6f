import Ethereum
import SSZ

/// Decided values: what may be served to the validator client and signed. Also the anti-slashing store.
///
/// The first value of a (slot, type, validator) stays for ever; a vote that double or surround votes against anything
/// this node let the validator sign is refused, without holding up other validators. Source: workflow.md §8.
struct DutyDB: Sendable {
    private let configuration: WorkflowConfiguration
    private var values: [Duty: UnsignedDataSet] = [:]
    private var watermarks: [PubKey: AttestationWatermark] = [:]
    private var waiting: [Ticket: (slot: Slot, committee: CommitteeIndex)] = [:]
    /// Waiting callers, at most. The API server has its own, smaller bound.
    private static let waitingMax = 16384

    init(configuration: WorkflowConfiguration) { self.configuration = configuration }

    mutating func restore(_ snapshot: JournalSnapshot) {
        values = snapshot.unsigned
        watermarks = snapshot.watermarks
        // A value may have reached the disk without its watermark. It can have been signed: it counts as signed.
        for duty in values.keys.sorted() {
            for (pubKey, value) in values[duty] ?? [:] {
                let own = AttestationWatermark(value)
                guard let known = watermarks[pubKey] else {
                    watermarks[pubKey] = own
                    continue
                }
                if own.target > known.target {
                    watermarks[pubKey] = own
                    watermarks[pubKey]?.source = max(own.source, known.source)
                }
            }
        }
    }

    mutating func store(_ duty: Duty, _ set: UnsignedDataSet) -> [Signal] {
        var signals: [Signal] = []
        var accepted: UnsignedDataSet = [:]
        var raised: [(PubKey, AttestationWatermark)] = []
        for (pubKey, value) in set.sorted(by: { $0.key < $1.key }) {
            if let old = values[duty]?[pubKey] {
                if old != value {
                    signals.append(.tracked(duty, .conflicted(pubKey, "another value was decided before")))
                }
                continue
            }
            switch admit(duty, pubKey, value) {
            case .failure(let refusal): signals.append(.tracked(duty, .conflicted(pubKey, refusal.reason)))
            case .success(let watermark):
                accepted[pubKey] = value
                watermarks[pubKey] = watermark
                raised.append((pubKey, watermark))
            }
        }
        guard !accepted.isEmpty else { return signals }
        values[duty, default: [:]].merge(accepted) { first, _ in first }
        signals += raised.map { .perform(.persist(.attestationWatermark($0.0, $0.1))) }
        signals.append(.perform(.persist(.unsigned(duty, accepted))))
        signals.append(.stored(duty, accepted))
        return signals + answerWaiting(slot: duty.slot)
    }

    /// Why no node should vote for this value: it breaks the rules every attestation obeys, or this node would sign
    /// nothing of it. What is wrong with some validators' history only is left to `store`, for the others' sake.
    func objection(to set: UnsignedDataSet, of duty: Duty) -> Failure? {
        for case .attester(let data, _) in set.values {
            if let fault = AttestationRules.fault(in: data, slot: duty.slot, clock: configuration.clock) {
                return Failure(reason: fault, isTemporary: false)
            }
        }
        var objection: Failure?
        for (pubKey, value) in set.sorted(by: { $0.key < $1.key }) {
            guard case .failure(let refusal) = admit(duty, pubKey, value) else { return nil }
            objection = objection ?? refusal
        }
        return objection
    }

    // MARK: Queries

    mutating func query(_ ticket: Ticket, _ query: Query) -> [Signal] {
        switch query {
        case .attesterPubKey(let slot, let committee, let index):
            return [.perform(.answer(ticket, .attesterPubKey(pubKey(slot, committee, index))))]
        case .attestationData(let slot, let committee):
            if let data = attestationData(slot, committee) {
                return [.perform(.answer(ticket, .attestationData(data)))]
            }
            guard waiting.count < Self.waitingMax else {
                return [.perform(.answer(ticket, .refused("too many requests are waiting for attestation data")))]
            }
            waiting[ticket] = (slot, committee)
            return []
        }
    }

    mutating func cancel(_ ticket: Ticket) { waiting[ticket] = nil }

    /// Lets a partial signature made here pass only over exactly what was decided.
    func admitLocal(_ duty: Duty, _ pubKey: PubKey, _ partial: ParSignedData) -> Failure? {
        guard let value = values[duty]?[pubKey] else {
            return Failure(
                reason: "the cluster has not decided duty \(duty) for validator \(pubKey)", isTemporary: false)
        }
        switch (value, partial.data) {
        case (.attester(let data, let row), .attestation(let attestation)):
            guard data == attestation.data else {
                return Failure(
                    reason: "the signed attestation of slot \(duty.slot.rawValue) differs from what the cluster"
                        + " decided; the validator client must sign the data that Styx served", isTemporary: false)
            }
            if let index = attestation.validatorIndex, index != row.validatorIndex {
                return Failure(reason: "attester index \(index.rawValue) is another validator's", isTemporary: false)
            }
            return nil
        }
    }

    /// The decided duty row of a validator, the safest template for a broadcast.
    func attesterDuty(_ duty: Duty, _ pubKey: PubKey) -> AttesterDuty? {
        guard case .attester(_, let row)? = values[duty]?[pubKey] else { return nil }
        return row
    }

    /// Whoever still waits for the duty's data learns that none will come.
    mutating func expire(_ duty: Duty) -> [Signal] {
        values[duty] = nil
        guard duty.type == .attester else { return [] }
        let left = waiting.filter { $0.value.slot == duty.slot }.keys.sorted { $0.rawValue < $1.rawValue }
        return left.map { ticket in
            waiting[ticket] = nil
            return .perform(.answer(ticket, .refused("duty \(duty) is over, and the cluster did not decide it")))
        }
    }

    // MARK: Rules

    private func admit(_ duty: Duty, _ pubKey: PubKey, _ value: UnsignedData) -> Result<AttestationWatermark, Failure> {
        func refuse(_ reason: String) -> Result<AttestationWatermark, Failure> {
            .failure(Failure(reason: reason, isTemporary: false))
        }
        guard configuration.validators.contains(pubKey) else { return refuse("not a validator of this cluster") }
        switch value {
        case .attester(let data, let row):
            guard duty.type == .attester, row.slot == duty.slot, row.pubKey == pubKey else {
                return refuse("the decided duty row names another validator or slot")
            }
            if let fault = AttestationRules.fault(in: data, slot: duty.slot, clock: configuration.clock) {
                return refuse(fault)
            }
            let new = AttestationWatermark(value)
            guard let old = watermarks[pubKey] else { return .success(new) }
            if new.target == old.target, new.dataRoot == old.dataRoot { return .success(old) }
            if new.target <= old.target {
                return refuse(
                    "slashing protection: target epoch \(new.target.rawValue), already voted for target \(old.target.rawValue)"
                )
            }
            if new.source < old.source {
                return refuse(
                    "slashing protection: source epoch \(new.source.rawValue) lies before \(old.source.rawValue) of an earlier vote"
                )
            }
            return .success(new)
        }
    }

    private mutating func answerWaiting(slot: Slot) -> [Signal] {
        let ready = waiting.filter { $0.value.slot == slot }.sorted { $0.key.rawValue < $1.key.rawValue }
        return ready.compactMap { ticket, wanted in
            guard let data = attestationData(wanted.slot, wanted.committee) else { return nil }
            waiting[ticket] = nil
            return .perform(.answer(ticket, .attestationData(data)))
        }
    }

    /// Committee 0 is itself if somebody is in it: before Electra its data are not those of the others.
    private func attestationData(_ slot: Slot, _ committee: CommitteeIndex) -> AttestationData? {
        var alias: AttestationData?
        for (_, value) in (values[.attester(slot: slot)] ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard case .attester(let data, let row) = value else { continue }
            if row.committeeIndex == committee { return data }
            if committee == .zero, alias == nil { alias = data }
        }
        return alias
    }

    private func pubKey(_ slot: Slot, _ committee: CommitteeIndex, _ index: ValidatorIndex) -> PubKey? {
        (values[.attester(slot: slot)] ?? [:]).first { _, value in
            guard case .attester(_, let row) = value else { return false }
            return row.validatorIndex == index && (row.committeeIndex == committee || committee == .zero)
        }?.key
    }
}

extension AttestationWatermark {
    fileprivate init(_ value: UnsignedData) {
        switch value {
        case .attester(let data, _):
            self.init(source: data.source.epoch, target: data.target.epoch, dataRoot: data.hashTreeRoot())
        }
    }
}
