import BeaconAPI
import BeaconClient
import Ethereum
import Program
import SSZ
import Synchronization

/// Duties from the beacon nodes, each asked for once as long as the chain keeps the block they depend on.
final class DutiesSource: Sendable {
    /// How the nodes are asked; tests script it.
    struct Questions: Sendable {
        typealias Validators = [ValidatorIndex: PubKey]

        /// The last: those of the validators that must have a row.
        var attesters:
            @Sendable (Epoch, Validators, Set<ValidatorIndex>) async throws(BeaconError) -> DutiesAnswer<AttesterDuty>
        var proposers:
            @Sendable (Epoch, BeaconEndpoint.ProposerDutiesVersion) async throws(BeaconError)
                -> DutiesAnswer<ProposerDuty>
        var syncs: @Sendable (Epoch, Validators) async throws(BeaconError) -> DutiesAnswer<SyncDuty>
    }

    /// The raw values are the metrics' `endpoint` label.
    enum Kind: String, CaseIterable, Sendable {
        case attesters = "attester_duties"
        case proposers = "proposer_duties"
        case syncs = "sync_committee_duties"
    }

    /// For metrics.
    enum CacheEvent: Hashable, Sendable {
        case hit(Kind)
        case miss(Kind)
        /// The chain left blocks that duties depend on.
        case invalidated(Kind)
    }

    private struct Caches: Sendable {
        var attesters = DutiesCache<AttesterDuty>()
        var proposers: [BeaconEndpoint.ProposerDutiesVersion: DutiesCache<ProposerDuty>] = [:]
        var syncs = DutiesCache<SyncDuty>()
    }

    /// Validators in one question.
    private static let chunkMax = 1000
    /// Between two parts of an answer the chain may leave a branch.
    private static let attemptsMax = 3

    /// Answers, by validator.
    private final class Shelf: Sendable {
        let caches = Mutex(Caches())
    }

    private let questions: Questions
    private let clock: SlotClock
    private let isCaching: Bool
    private let now: @Sendable () -> Instant
    private let observe: @Sendable (CacheEvent) -> Void
    private let shelf = Shelf()

    /// - Parameter isCaching: whether questions are answered from earlier answers. These are kept in any case: what the
    ///   chain's events change is seen by them.
    init(
        _ questions: Questions, clock: SlotClock, isCaching: Bool = true,
        now: @escaping @Sendable () -> Instant = SystemClock.now,
        observe: @escaping @Sendable (CacheEvent) -> Void = { _ in }
    ) {
        self.questions = questions
        self.clock = clock
        self.isCaching = isCaching
        self.now = now
        self.observe = observe
    }

    convenience init(
        client: BeaconClient, clock: SlotClock, isCaching: Bool = true,
        observe: @escaping @Sendable (CacheEvent) -> Void = { _ in }
    ) {
        let slotsPerEpoch = clock.slotsPerEpoch
        self.init(
            Questions(
                attesters: { epoch, validators, expecting async throws(BeaconError) in
                    try await client.attesterDuties(
                        epoch, validators: validators, expecting: expecting, slotsPerEpoch: slotsPerEpoch)
                },
                proposers: { epoch, version async throws(BeaconError) in
                    try await client.proposerDuties(epoch, version: version, slotsPerEpoch: slotsPerEpoch)
                },
                syncs: { epoch, validators async throws(BeaconError) in
                    try await client.syncDuties(epoch, validators: validators)
                }), clock: clock, isCaching: isCaching, observe: observe)
    }

    // MARK: Questions

    /// By slot. Without validators the answer still has the dependent root.
    ///
    /// - Parameter expecting: those that are active in the epoch. Of whom no node has a row the next slot asks again.
    func attesters(
        _ epoch: Epoch, _ validators: [ValidatorIndex: PubKey], expecting: Set<ValidatorIndex>
    ) async throws(BeaconError) -> DutiesAnswer<AttesterDuty> {
        let ask = questions.attesters
        var answer = try await answer(epoch, validators, in: \.attesters, .attesters, expecting: expecting) {
            epoch, part async throws(BeaconError) in
            try await ask(epoch, part, expecting.filter { part[$0] != nil })
        }
        answer.rows.sort { ($0.slot, $0.validatorIndex) < ($1.slot, $1.validatorIndex) }
        return answer
    }

    func syncs(
        _ epoch: Epoch, _ validators: [ValidatorIndex: PubKey]
    ) async throws(BeaconError) -> DutiesAnswer<SyncDuty> {
        try await answer(epoch, validators, in: \.syncs, .syncs, questions.syncs)
    }

    /// All proposers of an epoch. Those of epochs to come, by our own clock, may change with every block before, and are
    /// not kept.
    func proposers(
        _ epoch: Epoch, _ version: BeaconEndpoint.ProposerDutiesVersion
    ) async throws(BeaconError) -> DutiesAnswer<ProposerDuty> {
        let (lookup, generation) = shelf.caches.withLock { caches in
            let cache = caches.proposers[version, default: DutiesCache()]
            return (cache.look(epoch, []), cache.generation)
        }
        if isCaching, case .known(let answer) = lookup {
            observe(.hit(.proposers))
            return answer
        }
        observe(.miss(.proposers))
        let answer = try await questions.proposers(epoch, version)
        shelf.caches.withLock { caches in
            guard epoch <= clock.epoch(of: clock.currentSlot(at: now())) else { return }
            caches.proposers[version, default: DutiesCache()].store(epoch, asked: [], answer, asOf: generation)
        }
        return answer
    }

    private func answer<Row>(
        _ epoch: Epoch, _ validators: [ValidatorIndex: PubKey],
        in cache: WritableKeyPath<Caches, DutiesCache<Row>> & Sendable, _ kind: Kind,
        expecting: Set<ValidatorIndex> = [],
        _ ask: (Epoch, [ValidatorIndex: PubKey]) async throws(BeaconError) -> DutiesAnswer<Row>
    ) async throws(BeaconError) -> DutiesAnswer<Row> {
        // Without the cache, what this question brought so far.
        let source = isCaching ? shelf : Shelf()
        let slot = clock.currentSlot(at: now())
        for attempt in 0..<Self.attemptsMax {
            let (lookup, generation) = source.caches.withLock { caches in
                (caches[keyPath: cache].look(epoch, validators.keys, at: slot), caches[keyPath: cache].generation)
            }
            if attempt == 0 {
                if case .known = lookup { observe(.hit(kind)) } else { observe(.miss(kind)) }
            }
            guard case .missing(let missing) = lookup else {
                if case .known(let answer) = lookup { return answer }
                break
            }
            for start in stride(from: 0, to: max(1, missing.count), by: Self.chunkMax) {
                let indices = Set(missing[start..<min(start + Self.chunkMax, missing.count)])
                let part = validators.filter { indices.contains($0.key) }
                let answer = try await ask(epoch, part)
                let rowless = indices.intersection(expecting).subtracting(answer.rows.map { $0.validatorIndex })
                let lacking = Dictionary(uniqueKeysWithValues: rowless.map { ($0, slot) })
                source.caches.withLock {
                    $0[keyPath: cache].store(epoch, asked: indices, answer, asOf: generation, lacking: lacking)
                }
                if source !== shelf {
                    shelf.caches.withLock { caches in
                        let generation = caches[keyPath: cache].generation
                        caches[keyPath: cache].store(
                            epoch, asked: indices, answer, asOf: generation, lacking: lacking)
                    }
                }
                // Nothing to add to it, kept or not.
                if part.count == validators.count { return answer }
            }
        }
        // The nodes do not agree on a block, or none has verified it: whatever one of them says, in one piece.
        return try await ask(epoch, validators)
    }

    // MARK: Events

    /// Forgets what the chain has left.
    ///
    /// - Returns: epochs of which duties were told that may be others now.
    func receive(_ event: BeaconEvent) -> Set<Epoch> {
        switch event {
        case .head(let head): return shelf.caches.withLock { receive(head, &$0) }
        case .chainReorg(let reorg):
            let changed = shelf.caches.withLock { caches in
                // Blocks after the common ancestor are gone.
                let kept = clock.epoch(of: reorg.slot - reorg.depth)
                var changed = caches.attesters.drop(after: kept).union(caches.syncs.drop(after: kept))
                for version in caches.proposers.keys {
                    changed.formUnion(caches.proposers[version]?.drop(after: kept) ?? [])
                }
                // Answers on their way may be of the branch that was left.
                let current = clock.epoch(of: clock.currentSlot(at: now()))
                return changed.union([current, current + 1].filter { $0 > kept })
            }
            if !changed.isEmpty { for kind in Kind.allCases { observe(.invalidated(kind)) } }
            return changed
        case .block, .blockGossip, .proposerSlashing, .attesterSlashing: return []
        }
    }

    private func receive(_ head: HeadEvent, _ caches: inout Caches) -> Set<Epoch> {
        let epoch = clock.epoch(of: head.slot)
        var changed: Set<Epoch> = []
        let (previous, current) = (head.previousDutyDependentRoot, head.currentDutyDependentRoot)
        for (epoch, root) in [(epoch, previous), (epoch + 1, current)] {
            if let root, caches.attesters.dropUnless(epoch, dependsOn: [root]) { changed.insert(epoch) }
        }
        // Which of the two depends on the version of the answer and on the fork.
        guard let previous, let current else { return changed }
        for version in caches.proposers.keys {
            if caches.proposers[version]?.dropUnless(epoch, dependsOn: [previous, current]) == true {
                changed.insert(epoch)
            }
        }
        return changed
    }
}
