import Ethereum
import SSZ

/// How duties begin, and what this node signs by itself.
extension Workflow {
    /// Decided duties are fetched for; what is signed as it comes is signed here, or fetched for first.
    mutating func begin(_ duty: Duty, _ definitions: DutyDefinitionSet, _ now: Instant) -> [Signal] {
        let sources = sources
        if duty.type.rules.isDecided {
            let decided = dutyDB.decided(duty)
            // Before this node knew whose it is: nothing is to be fetched any more, but perhaps to be signed.
            guard decided.isEmpty else { return sign(duty, decided) }
            return fetcher.fetch(duty, definitions, from: sources, at: now) + consensus.participate(duty, at: now)
        }
        return duty.type.rules.isFetchedAlone
            ? fetcher.fetch(duty, definitions, from: sources, at: now)
            : sign(duty, ownObjects.objects(duty, definitions))
    }

    mutating func received(_ duty: Duty, _ data: FetchedData, _ now: Instant) -> [Signal] {
        let sources = sources
        return fetcher.received(duty, data, from: sources, at: now)
    }

    /// The cluster has made something that others of the slot may wait for.
    mutating func resume(_ slot: Slot, _ now: Instant) -> [Signal] {
        let sources = sources
        return fetcher.resume(slot: slot, from: sources, at: now)
    }

    var sources: FetchSources {
        FetchSources(signatures: aggSigDB, decided: dutyDB, infoSync: infoSync)
    }

    var fetchPlanner: FetchPlanner { FetchPlanner(configuration: configuration, sources: sources) }

    var ownObjects: OwnObjects { OwnObjects(configuration: configuration, signatures: aggSigDB) }

    /// A vote bars others of its epoch. So while our beacon node has not said whose duties these are, no vote is signed:
    /// a leader may have made them up.
    func sign(_ duty: Duty, _ set: UnsignedDataSet) -> [Signal] {
        guard configuration.signs, halted == nil else { return [] }
        let definitions = scheduler.definitions(of: duty) ?? [:]
        let confirmed = set.filter { $0.value.definition.map { definitions[$0.pubKey] == $0 } ?? true }
        let objects = ownObjects.objects(duty, confirmed, definitions)
        let unfit = duty.type == .attester && objects.count < confirmed.count
        return (unfit ? [.tracked(duty, .signFailed("a decided value does not fit its fork"))] : [])
            + sign(duty, objects)
    }

    func sign(_ duty: Duty, _ objects: SignedDataSet) -> [Signal] {
        guard configuration.signs, halted == nil, !objects.isEmpty else { return [] }
        // What has no deadline cannot be slashed for.
        guard duty.slot >= configuration.signsFrom || duty.type.rules.span == .endless else {
            return [.tracked(duty, .signFailed("the journal is new and knows of no earlier vote"))]
        }
        let (left, refusals) = slashed.remove(from: objects)
        return refusals.map { .tracked(duty, .signFailed($0)) } + (left.isEmpty ? [] : [.perform(.sign(duty, left))])
    }

    /// Our beacon node has told an epoch's duties. What was decided of them before is signed now: duties that are still to
    /// begin are, when they do.
    mutating func resolved(
        _ epoch: Epoch, _ kind: DutyKind, _ rows: [DutyDefinition], _ now: Instant
    ) -> [Signal] {
        let current = configuration.clock.currentSlot(at: now)
        let open = dutyDB.decidedDuties.filter {
            $0.type == .attester && kind == .attester && $0.slot < current
                && configuration.clock.epoch(of: $0.slot) == epoch && scheduler.definitions(of: $0) == nil
        }
        let signals = scheduler.resolved(epoch, kind, rows, at: now)
        return signals + open.flatMap { sign($0, dutyDB.decided($0)) }
    }

    /// A proof came after what it selects for was decided.
    func signLate(_ duty: Duty, _ proofs: SignedDataSet) -> [Signal] {
        guard configuration.signs, duty.type.rules.isAhead, let selected = duty.selected else { return [] }
        let provers = proofs.keys.pubKeys
        let late = dutyDB.decided(selected).filter { provers.contains($0.key) }
        return late.isEmpty ? [] : sign(selected, late)
    }
}
