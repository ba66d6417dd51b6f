import Ethereum
import SSZ

/// Decided values: what may be served to the validator client and signed. Also the anti-slashing store.
///
/// The first value of a (slot, type, validator) stays for ever. A vote that double or surround votes against anything
/// this node *signed* is refused, without holding up other validators: what was only decided bars nothing, or a leader
/// could bar a validator's vote by having another one decided. Source: workflow.md §8.
struct DutyDB: Sendable {
    private let configuration: WorkflowConfiguration
    private var values: [Duty: UnsignedDataSet] = [:]
    private var watermarks: [PubKey: AttestationWatermark] = [:]
    private var waiting = WaitingRoom<ValueSelector>()
    /// The highest source that our beacon nodes gave, and the target epoch they gave it for.
    private var justified: (target: Epoch, source: Epoch)?

    init(configuration: WorkflowConfiguration) { self.configuration = configuration }

    mutating func restore(_ snapshot: JournalSnapshot) {
        values = snapshot.unsigned
        watermarks = snapshot.watermarks
        // A share may have reached the disk without its watermark: it counts all the same.
        for row in snapshot.partials.sorted(by: { ($0.duty, $0.key) < ($1.duty, $1.key) })
        where row.partial.shareIndex == configuration.shareIndex {
            _ = raise(row.key.pubKey, row.partial.data)
        }
    }

    /// - Parameter definitions: what our beacon node says about the duty; nil while it has not said.
    mutating func store(_ duty: Duty, _ set: UnsignedDataSet, definitions: DutyDefinitionSet?) -> [Signal] {
        var signals: [Signal] = []
        var accepted: UnsignedDataSet = [:]
        for (pubKey, value) in set.sorted(by: { $0.key < $1.key }) {
            if let old = values[duty]?[pubKey] {
                if old != value {
                    signals.append(.tracked(duty, .conflicted(pubKey, "another value was decided before")))
                }
                continue
            }
            if let refusal = refusal(of: value, duty, pubKey, definitions) {
                signals.append(.tracked(duty, .conflicted(pubKey, refusal)))
            } else {
                accepted[pubKey] = value
            }
        }
        guard !accepted.isEmpty else { return signals }
        values[duty, default: [:]].merge(accepted) { first, _ in first }
        signals.append(.perform(.persist(.unsigned(duty, accepted))))
        signals.append(.stored(duty, accepted))
        let decided = values[duty] ?? [:]
        return signals
            + waiting.answer { $0.duty == duty ? Self.find($0, in: decided).map { .decided(duty, $0) } : nil }
    }

    // MARK: Proposals

    enum Verdict: Equatable, Sendable {
        case good
        /// Why no node should vote for the value: it breaks the rules that every such value obeys, or this node would sign
        /// nothing of it. What is wrong with some validators only is left to `store`, for the others' sake.
        case bad(String)
        /// Only our beacon node's own view of this epoch can tell.
        case open
    }

    /// - Parameter round: of the proposal. While each leader has its first turn, one that leaves out a validator that has
    ///   this duty, or changes its row, is refused: another may be complete. Later none is, since honest beacon nodes may
    ///   see different duties.
    func judge(_ set: UnsignedDataSet, of duty: Duty, round: Int64, definitions: DutyDefinitionSet?) -> Verdict {
        if round <= configuration.nodes, let definitions,
            let missing = definitions.keys.sorted().first(where: { set[$0]?.definition != definitions[$0] })
        {
            return .bad("leaves out, or changes, the duty of validator \(missing)")
        }
        var verdict = Verdict.good
        for case .attester(let data, _) in set.values {
            if let fault = AttestationRules.fault(in: data, slot: duty.slot, clock: configuration.clock) {
                return .bad(fault)
            }
            guard let justified, data.source.epoch > justified.source else { continue }
            // A lower source is no objection: honest heads differ, and a higher one never was justified.
            guard justified.target < data.target.epoch else {
                return .bad(
                    "source epoch \(data.source.epoch.rawValue) is ahead of epoch \(justified.source.rawValue), the last that this node's beacon node calls justified"
                )
            }
            verdict = .open
        }
        var objection: String?
        for (pubKey, value) in set.sorted(by: { $0.key < $1.key }) {
            guard let refusal = refusal(of: value, duty, pubKey, definitions) else { return verdict }
            objection = objection ?? refusal
        }
        return objection.map { .bad($0) } ?? verdict
    }

    func isDecided(_ duty: Duty) -> Bool { values[duty] != nil }

    /// What our own beacon node gave.
    mutating func learn(_ set: UnsignedDataSet) {
        for case .attester(let data, _) in set.values {
            let source = max(data.source.epoch, justified?.source ?? .zero)
            justified = (max(data.target.epoch, justified?.target ?? .zero), source)
        }
    }

    // MARK: Own signatures

    /// Lets a partial signature made here pass only over exactly what was decided, and only if nothing signed before
    /// forbids it.
    ///
    /// - Returns: why not, for people; nil if it may leave.
    func refusalOfLocal(_ duty: Duty, _ key: EntryKey, _ partial: ParSignedData) -> String? {
        guard duty.type.rules.isDecided else { return nil }
        guard let value = values[duty]?[key.pubKey] else {
            return "the cluster has not decided duty \(duty) for validator \(key.pubKey)"
        }
        switch (value, partial.data) {
        case (.attester(let data, let row), .attestation(let attestation)):
            guard data == attestation.data else {
                return "the signed attestation of slot \(duty.slot.rawValue) differs from what the cluster"
                    + " decided; the validator client must sign the data that Styx served"
            }
            if let index = attestation.validatorIndex, index != row.validatorIndex {
                return "attester index \(index.rawValue) is another validator's"
            }
        }
        return slashing(by: value, key.pubKey)
    }

    /// Notes what leaves this node signed.
    ///
    /// - Returns: the record that must be durable with the signature, if there is news.
    mutating func raise(_ pubKey: PubKey, _ signed: SignedData) -> Record? {
        switch signed {
        case .attestation(let attestation):
            let old = watermarks[pubKey]
            let new = AttestationWatermark(attestation.data)
            // A double vote was refused before.
            guard let raised = old.map({ $0.raised(by: new) }) ?? new, raised != old else { return nil }
            watermarks[pubKey] = raised
            return .attestationWatermark(pubKey, raised)
        }
    }

    // MARK: Queries

    mutating func query(_ ticket: Ticket, _ selector: ValueSelector) -> [Signal] {
        if let value = Self.find(selector, in: values[selector.duty] ?? [:]) {
            return [.perform(.answer(ticket, .decided(selector.duty, value)))]
        }
        return waiting.enter(ticket, selector)
    }

    mutating func cancel(_ ticket: Ticket) { waiting.leave(ticket) }

    /// Whoever still waits for the duty's data learns that none will come.
    mutating func expire(_ duty: Duty) -> [Signal] {
        values[duty] = nil
        return waiting.answer { wanted in
            wanted.duty == duty ? .refused("duty \(duty) is over, and the cluster did not decide it") : nil
        }
    }

    /// The decided row of a validator, the safest template for a broadcast.
    func definition(_ duty: Duty, _ pubKey: PubKey) -> DutyDefinition? { values[duty]?[pubKey]?.definition }

    func attester(at position: AttesterPosition) -> PubKey? {
        (values[.attester(slot: position.slot)] ?? [:]).first { _, value in
            guard case .attester(_, let row) = value else { return false }
            return row.validatorIndex == position.validator
                && (row.committeeIndex == position.committee || position.committee == .zero)
        }?.key
    }

    private static func find(_ selector: ValueSelector, in set: UnsignedDataSet) -> UnsignedData? {
        switch selector {
        case .attestation(_, let committee):
            // Committee 0 is itself if somebody is in it: before Electra its data are not those of the others.
            var alias: UnsignedData?
            for (_, value) in set.sorted(by: { $0.key < $1.key }) {
                guard case .attester(_, let row) = value else { continue }
                if row.committeeIndex == committee { return value }
                if committee == .zero, alias == nil { alias = value }
            }
            return alias
        }
    }

    // MARK: Rules

    private func refusal(
        of value: UnsignedData, _ duty: Duty, _ pubKey: PubKey, _ definitions: DutyDefinitionSet?
    ) -> String? {
        guard configuration.validators.contains(pubKey) else { return "not a validator of this cluster" }
        guard value.definition.duties.contains(duty), value.definition.pubKey == pubKey else {
            return "the decided duty row names another validator or slot"
        }
        if let definitions, definitions[pubKey] != value.definition {
            return definitions[pubKey] == nil
                ? "the validator has no such duty, says this node's beacon node"
                : "the decided duty row is not the one of this node's beacon node"
        }
        switch value {
        case .attester(let data, _):
            if let fault = AttestationRules.fault(in: data, slot: duty.slot, clock: configuration.clock) {
                return fault
            }
        }
        return slashing(by: value, pubKey)
    }

    /// EIP-3076, minimal form.
    private func slashing(by value: UnsignedData, _ pubKey: PubKey) -> String? {
        switch value {
        case .attester(let data, _):
            let new = AttestationWatermark(data)
            guard let old = watermarks[pubKey] else { return nil }
            if new.target == old.target, new.dataRoot == old.dataRoot { return nil }
            if new.target <= old.target {
                return
                    "slashing protection: target epoch \(new.target.rawValue), already voted for target \(old.target.rawValue)"
            }
            if new.source < old.source {
                return
                    "slashing protection: source epoch \(new.source.rawValue) lies before \(old.source.rawValue) of an earlier vote"
            }
            return nil
        }
    }
}

extension AttestationWatermark {
    fileprivate init(_ data: AttestationData) {
        self.init(source: data.source.epoch, target: data.target.epoch, dataRoot: data.hashTreeRoot())
    }
}
