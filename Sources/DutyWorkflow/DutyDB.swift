import Ethereum
import SSZ

/// Decided values: what may be served to the validator client and signed. Also the anti-slashing store.
///
/// The first value of a (slot, type, validator) stays for ever. A vote that double or surround votes against anything
/// this node *signed* is refused, without holding up other validators: what was only decided bars nothing, or a leader
/// could bar a validator's vote by having another one decided. Source: workflow.md §8.
struct DutyDB: Sendable {
    private var configuration: WorkflowConfiguration
    private var values: [Duty: UnsignedDataSet] = [:]
    private var watermarks: [PubKey: AttestationWatermark] = [:]
    private var proposalWatermarks: [PubKey: ProposalWatermark] = [:]
    private var waiting = WaitingRoom<ValueSelector>()
    /// The highest source that our beacon nodes gave, and the target epoch they gave it for.
    private var justified: (target: Epoch, source: Epoch)?
    /// What our own beacon node would have had attested.
    private var ownVotes: [Duty: AttestationData] = [:]

    init(configuration: WorkflowConfiguration) { self.configuration = configuration }

    mutating func follow(_ forks: ForkSchedule) { configuration.forks = forks }

    mutating func restore(_ snapshot: JournalSnapshot) {
        values = snapshot.unsigned
        watermarks = snapshot.watermarks
        proposalWatermarks = snapshot.proposalWatermarks
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
            + waiting.answer { selector in
                guard selector.duty == duty else { return nil }
                return Self.find(selector, in: decided).map { Answer.decided(duty, $0) } ?? Self.leftOut(duty)
            }
    }

    // MARK: Proposals

    enum Verdict: Equatable, Sendable {
        case good
        /// Why no node should vote for the value: it breaks the rules that every such value obeys, or this node would sign
        /// nothing of it. What is wrong with some validators only is left to `store`, for the others' sake.
        case bad(String)
        /// Only what our own beacon node says can tell.
        case open

        /// The worse of two.
        func and(_ other: Verdict) -> Verdict {
            switch (self, other) {
            case (.bad, _), (.open, .open), (.open, .good): self
            case (.good, _), (.open, .bad): other
            }
        }
    }

    /// - Parameters:
    ///   - round: of the proposal. While each leader has its first turn, one that leaves out a validator that has this
    ///     duty, or changes its row, is refused: another may be complete. Later none is, since honest beacon nodes may see
    ///     different duties.
    ///   - reveal: the cluster's randao reveal, which a block has to have; nil while it is not known.
    func judge(
        _ set: UnsignedDataSet, of duty: Duty, round: Int64, definitions: DutyDefinitionSet?,
        reveal: SignatureBytes? = nil
    ) -> Verdict {
        if round <= configuration.nodes, let definitions,
            let missing = definitions.keys.sorted().first(where: { isMissing($0, definitions, set, duty) })
        {
            return .bad("leaves out, or changes, the duty of validator \(missing)")
        }
        var verdict = Verdict.good
        for case .attester(let data, let row) in set.values {
            if let fault = AttestationRules.fault(in: data, of: row, slot: duty.slot, configuration) {
                return .bad(fault)
            }
            if comparesWithOwn(duty) {
                guard let own = ownVotes[duty] else { return .open }
                if (own.source, own.target) != (data.source, data.target) {
                    return .bad("attestations of another chain than our own beacon node's (chain_split_halt)")
                }
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
        if duty.type == .proposer {
            guard set.count == 1 else { return .bad("proposes \(set.count) blocks") }
            if case .proposal(let block)? = set.values.first,
                let fault = ProposalRules.fault(in: block, reveal: reveal)
            {
                return .bad(fault)
            }
        }
        var objection: String?
        for (pubKey, value) in set.sorted(by: { $0.key < $1.key }) {
            guard let refusal = refusal(of: value, duty, pubKey, definitions) else { return verdict }
            objection = objection ?? refusal
        }
        return objection.map { .bad($0) } ?? verdict
    }

    /// Aggregators are drawn: only some validators take part, and this node may not know yet who.
    private func isMissing(
        _ pubKey: PubKey, _ definitions: DutyDefinitionSet, _ set: UnsignedDataSet, _ duty: Duty
    ) -> Bool {
        guard !duty.type.rules.needsOwnData else { return false }
        guard let value = set[pubKey] else { return true }
        return value.definition.map { $0 != definitions[pubKey] } ?? false
    }

    var decidedDuties: [Duty] { values.keys.sorted() }

    func isDecided(_ duty: Duty) -> Bool { values[duty] != nil }

    /// What the cluster decided for a duty.
    func decided(_ duty: Duty) -> UnsignedDataSet { values[duty] ?? [:] }

    /// Whether a leader's value gets a vote only if our own beacon node's agrees with it.
    func comparesWithOwn(_ duty: Duty) -> Bool { configuration.consensus.haltsOnChainSplit && duty.type == .attester }

    /// What our own beacon node gave. Of one slot all attestations have one source and one target.
    mutating func learn(_ duty: Duty, _ set: UnsignedDataSet) {
        for case .attester(let data, _) in set.values {
            if comparesWithOwn(duty) { ownVotes[duty] = data }
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
        let differs =
            "what was signed in slot \(duty.slot.rawValue) for validator \(key.pubKey) differs from what the cluster"
            + " decided; the validator client must sign what Styx served"
        switch (value, partial.data) {
        case (.attester(let data, let row), .attestation(let attestation)):
            guard data == attestation.data else { return differs }
            if let index = attestation.validatorIndex, index != row.validatorIndex {
                return "attester index \(index.rawValue) is another validator's"
            }
        case (.proposal(let decided), .proposal(let signed)):
            guard decided.messageRoot == signed.messageRoot, decided.isBlinded == signed.isBlinded,
                decided.fork == signed.fork
            else { return differs }
        case (.aggregate(let decided), .aggregateAndProof(let signed)):
            guard decided.root == signed.aggregate.root else { return differs }
        case (.contributions(let decided), .contributionAndProof(let signed)):
            let contribution = signed.message.contribution
            guard decided[contribution.subcommitteeIndex]?.hashTreeRoot() == contribution.hashTreeRoot() else {
                return differs
            }
        case (.attester, _), (.proposal, _), (.aggregate, _), (.contributions, _): return differs
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
        case .proposal(let signed):
            let old = proposalWatermarks[pubKey]
            let new = ProposalWatermark(slot: signed.slot, root: signed.messageRoot)
            guard let raised = old.map({ $0.raised(by: new) }) ?? new, raised != old else { return nil }
            proposalWatermarks[pubKey] = raised
            return .proposalWatermark(pubKey, raised)
        case .exit, .registration, .randao, .committeeSelection, .aggregateAndProof, .syncMessage, .syncSelection,
            .contributionAndProof:
            return nil
        }
    }

    /// Takes up what was signed elsewhere with this operator's key shares; nothing ever falls.
    ///
    /// - Returns: what must be durable.
    mutating func heed(_ history: SlashingHistory) -> [Record] {
        var raised = SlashingHistory()
        for (pubKey, new) in history.attestations where configuration.validators.contains(pubKey) {
            let old = watermarks[pubKey]
            let higher = old?.heeding(new) ?? new
            guard higher != old else { continue }
            watermarks[pubKey] = higher
            raised.attestations[pubKey] = higher
        }
        for (pubKey, new) in history.proposals where configuration.validators.contains(pubKey) {
            let old = proposalWatermarks[pubKey]
            let higher = old?.heeding(new) ?? new
            guard higher != old else { continue }
            proposalWatermarks[pubKey] = higher
            raised.proposals[pubKey] = higher
        }
        return raised.records
    }

    /// Whether a share that was made and stored may still leave: not if it has turned out that the key shares signed
    /// elsewhere what it may contradict.
    func isStillOurs(_ pubKey: PubKey, _ signed: SignedData) -> Bool {
        switch signed {
        case .attestation(let attestation):
            watermarks[pubKey].map { $0.refusal(of: AttestationWatermark(attestation.data)) == nil } ?? true
        case .proposal(let signed):
            proposalWatermarks[pubKey].map {
                $0.refusal(of: ProposalWatermark(slot: signed.slot, root: signed.messageRoot)) == nil
            } ?? true
        case .exit, .registration, .randao, .committeeSelection, .aggregateAndProof, .syncMessage, .syncSelection,
            .contributionAndProof:
            true
        }
    }

    /// What this node, or its operator's key shares elsewhere, signed so far.
    func history(of validators: Set<PubKey>) -> SlashingHistory {
        SlashingHistory(attestations: watermarks, proposals: proposalWatermarks).of(validators)
    }

    // MARK: Queries

    /// - Parameter absence: why it will not be decided; nil if it may be.
    mutating func query(_ ticket: Ticket, _ selector: ValueSelector, absence: String? = nil) -> [Signal] {
        if let decided = values[selector.duty] {
            let answer = Self.find(selector, in: decided).map { Answer.decided(selector.duty, $0) }
            return [.perform(.answer(ticket, answer ?? Self.leftOut(selector.duty)))]
        }
        if let absence { return [.perform(.answer(ticket, .absent(absence)))] }
        return waiting.enter(ticket, selector)
    }

    /// A duty is decided once, as a whole.
    private static func leftOut(_ duty: Duty) -> Answer { .absent("the cluster decided duty \(duty) without it") }

    /// Whoever waits for what will not be decided learns so.
    ///
    /// - Parameter absence: why it will not; nil if it may.
    mutating func dismiss(_ absence: (ValueSelector) -> String?) -> [Signal] {
        waiting.answer { absence($0).map { .absent($0) } }
    }

    mutating func cancel(_ ticket: Ticket) { waiting.leave(ticket) }

    /// Whoever still waits for the duty's data learns that none will come.
    mutating func expire(_ duty: Duty) -> [Signal] {
        values[duty] = nil
        ownVotes[duty] = nil
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

    /// What the validators of a committee vote for.
    func attestationData(slot: Slot, committee: CommitteeIndex) -> AttestationData? {
        let selector = ValueSelector.attestation(slot, committee)
        guard case .attester(let data, _)? = Self.find(selector, in: values[selector.duty] ?? [:]) else { return nil }
        return data
    }

    private static func find(_ selector: ValueSelector, in set: UnsignedDataSet) -> UnsignedData? {
        switch selector {
        case .proposal: return lowest(in: set) { _ in true }
        case .aggregate(_, let dataRoot, let committee):
            return lowest(in: set) {
                guard case .aggregate(let aggregate) = $0 else { return false }
                return aggregate.committeeIndex == committee && aggregate.data.hashTreeRoot() == dataRoot
            }
        case .contribution(_, let subcommittee, let blockRoot):
            func contribution(_ value: UnsignedData) -> SyncCommitteeContribution? {
                guard case .contributions(let contributions) = value else { return nil }
                return contributions[subcommittee].flatMap { $0.beaconBlockRoot == blockRoot ? $0 : nil }
            }
            return lowest(in: set) { contribution($0) != nil }.flatMap(contribution)
                .map { .contributions(Contributions($0)) }
        case .attestation(_, let committee):
            func isOf(_ value: UnsignedData) -> Bool { value.definition?.attesterDuty?.committeeIndex == committee }
            // Committee 0 is itself if somebody is in it: before Electra its data are not those of the others.
            return lowest(in: set, where: isOf) ?? (committee == .zero ? lowest(in: set) { _ in true } : nil)
        }
    }

    /// Of the validator with the lowest key, so that all callers get the same.
    private static func lowest(in set: UnsignedDataSet, where isWanted: (UnsignedData) -> Bool) -> UnsignedData? {
        set.filter { isWanted($0.value) }.min { $0.key < $1.key }?.value
    }

    // MARK: Rules

    private func refusal(
        of value: UnsignedData, _ duty: Duty, _ pubKey: PubKey, _ definitions: DutyDefinitionSet?
    ) -> String? {
        guard configuration.validators.contains(pubKey) else { return "not a validator of this cluster" }
        guard value.dutyType == duty.type else { return "a value of duty type \(value.dutyType.name)" }
        if let row = value.definition,
            !row.duties(in: configuration.clock.epoch(of: duty.slot), configuration.clock).contains(duty)
                || row.pubKey != pubKey
        {
            return "the decided duty row names another validator or slot"
        }
        let definition = definitions?[pubKey]
        if definitions != nil {
            guard let definition else { return "the validator has no such duty, says this node's beacon node" }
            if let row = value.definition, row != definition {
                return "the decided duty row is not the one of this node's beacon node"
            }
        }
        if let fault = fault(in: value, duty, definition) { return fault }
        return slashing(by: value, pubKey)
    }

    private func fault(in value: UnsignedData, _ duty: Duty, _ definition: DutyDefinition?) -> String? {
        switch value {
        case .attester(let data, let row):
            return AttestationRules.fault(in: data, of: row, slot: duty.slot, configuration)
        case .proposal(let proposal):
            return ProposalRules.fault(in: proposal, slot: duty.slot, row: definition, configuration)
        case .aggregate(let aggregate):
            let decided = aggregate.committeeIndex.flatMap { attestationData(slot: duty.slot, committee: $0) }
            return AggregateRules.fault(
                in: aggregate, slot: duty.slot, row: definition?.attesterDuty, decided: decided, configuration)
        case .contributions(let contributions):
            return ContributionRules.fault(
                in: contributions, slot: duty.slot, row: definition?.syncDuty, preset: configuration.spec.preset)
        }
    }

    /// EIP-3076, minimal form.
    private func slashing(by value: UnsignedData, _ pubKey: PubKey) -> String? {
        switch value {
        case .attester(let data, _): return watermarks[pubKey]?.refusal(of: AttestationWatermark(data))
        case .proposal(let proposal):
            let new = ProposalWatermark(slot: proposal.slot, root: proposal.messageRoot)
            return proposalWatermarks[pubKey]?.refusal(of: new)
        case .aggregate, .contributions: return nil
        }
    }
}

extension AttestationWatermark {
    fileprivate init(_ data: AttestationData) {
        self.init(source: data.source.epoch, target: data.target.epoch, dataRoot: data.hashTreeRoot())
    }
}
