import BLS
import Cluster
import Ethereum
import SSZ

/// A whole key generation at one participant, as a value: what happens goes in, what to do comes out.
///
///     gathering ► step 1 keys ► 2 deposits ► 3 registrations ► 4 lock hash ► 5 node signatures ► 6 files ► 7, 8 goodbye
///
/// Before each step all wait for each other (`SyncState`). What others say of later steps is kept until then, the first
/// word of each. Everything we say comes from the seed and from what others have said, and both are on disk before: a
/// process that comes back says the same bytes again, so everything may be sent as often as it takes.
/// Source: spec/dkg.md §2, §4–6, §8.
package struct Ceremony: Sendable {
    /// For goodbyes: the files are there by then.
    private static let closingMax = Duration.seconds(120)

    package let plan: CeremonyPlan
    let seed: CeremonySeed
    var sync: SyncState
    var broadcasts: ReliableBroadcast
    var exchange: PartialExchange
    var nodeSignatures: NodeSignatures
    /// Whose partial signatures are missing in the stage of collecting them.
    var unsigned: [ParticipantIndex] = []
    var deliveries = Deliveries()
    var inbox = Inbox()
    var stage = Stage.gathering
    /// Since when it waits for what it waits for now.
    var stageSince: Instant
    var assembly = CeremonyAssembly(keys: [])
    /// Of FROST, by receiver.
    var ownShares: [ParticipantIndex: [UInt8]] = [:]
    var pedersen: PedersenProgress
    /// Of Pedersen.
    var nodeKey: SecretKey
    /// Makes a run of Pedersen in another way than from the seed.
    var makeRun: (@Sendable (PedersenRoster, Int) throws(CeremonyFault) -> PedersenRun)?
    /// The last step whose barrier has held.
    private var begun = 0
    /// In which we are; behind `sync.step` while notes are gone through again.
    var step = 0
    var outcome: CeremonyOutcome?
    private var isReplaying = false
    private var isWriting = false
    private var isWritten = false
    private var closingUntil: Instant?
    package private(set) var failure: CeremonyFailure?
    var effects: [CeremonyEffect] = []
    var now: Instant

    /// What others have said, each the first time, by participant.
    struct Inbox: Sendable {
        var casts: [ParticipantIndex: PackedMessage] = [:]
        var shares: [ParticipantIndex: [UInt8]] = [:]
        var results: [ParticipantIndex: PackedMessage] = [:]
        var nodeKeys: [ParticipantIndex: PackedMessage] = [:]
        /// Messages of partial signatures, by their hash.
        var partials: [ParticipantIndex: Set<Bytes32>] = [:]
        /// Broadcasts we have signed for others.
        var requests: Set<Request> = []

        struct Request: Hashable {
            let peer: ParticipantIndex
            let id: String
        }
    }

    enum Stage: Sendable {
        /// Until everybody is there.
        case gathering
        /// Until everybody is at our step.
        case barrier
        case frost(FrostStage)
        case pedersen
        /// Our own partial signatures are being made.
        case signing(SignatureKind, [Root])
        case collecting(SignatureKind, [Root])
        /// Everybody's are being verified and joined.
        case joining(SignatureKind)
        case nodeSignatures
        case assembling
        case writing
        case goodbye
        case finished
        case failed
    }

    enum FrostStage: Sendable {
        /// Work is under way.
        case beginning, continuing, finishing
        /// Round 1 until everybody's casts and shares are there.
        case casting
        case secondRound(FrostRound2)
    }

    /// - Parameter records: notes of an earlier process with the same seed, in their order.
    package init(_ plan: CeremonyPlan, seed: CeremonySeed, records: [CeremonyRecord] = [], at now: Instant) {
        self.plan = plan
        self.seed = seed
        self.now = now
        stageSince = now
        let recorded = records.reduce(0) { last, record in
            if case .step(let step) = record { max(last, step) } else { last }
        }
        sync = SyncState(
            terms: SyncTerms(
                definitionHash: plan.session, minorVersion: plan.release.announced, nickname: plan.nickname,
                key: plan.identity),
            identities: plan.operators, own: plan.own, step: recorded)
        broadcasts = ReliableBroadcast(
            version: plan.release == .v1_10 ? .v1 : .v2, session: plan.broadcastSession, identities: plan.operators,
            own: plan.own, key: plan.identity,
            ids: plan.algorithm == .frost
                ? [.frostCasts, .frostResults, .nodeSignature] : [.nodeKey, .nodeSignature])
        exchange = PartialExchange(
            shares: Dictionary(uniqueKeysWithValues: plan.seats.map { ($0, plan.shareIndex(of: $0)) }),
            validatorsMax: plan.signedValidatorsMax,
            deposits: plan.works.contains(.deposits) ? plan.definition.signedDepositAmounts.count : 0)
        nodeSignatures = NodeSignatures(identities: plan.operators, leaving: plan.leaving)
        pedersen = PedersenProgress(at: now)
        nodeKey = seed.nodeKey
        replay(records, recorded)
    }

    /// What happens next, in the order of `effects`.
    package mutating func receive(_ event: CeremonyEvent, at now: Instant) -> [CeremonyEffect] {
        self.now = now
        effects = []
        do throws(CeremonyFault) {
            try take(event)
            try advance()
        } catch {
            fail(CeremonyFailure(error, plan))
        }
        if let fault = sync.fault { fail(CeremonyFailure(fault, plan)) }
        if failure == nil {
            for (id, item) in deliveries.due(at: now, to: reachable, phase: begun) {
                effects.append(.send(id, to: item.peer, item.protocolID, item.bytes))
            }
        }
        return effects
    }

    private var reachable: Set<ParticipantIndex> { Set(plan.others.filter { sync.peers[$0].isReached }) }

    var isFinished: Bool { if case .finished = stage { true } else { false } }

    // MARK: Notes

    /// Comes back to where an earlier process was: the same messages through the same code, and nothing goes out. What
    /// work there was is done again, step by step, when it goes on.
    private mutating func replay(_ records: [CeremonyRecord], _ recorded: Int) {
        isReplaying = true
        for record in records {
            do throws(CeremonyFault) {
                switch record {
                case .step: break
                case .message(let peer, let protocolID, let bytes):
                    try take(.message(peer, protocolID, bytes))
                case .tick: try pedersenTick()
                case .writing: isWriting = true
                case .written: isWritten = true
                }
            } catch {
                fail(CeremonyFailure(error, plan))
            }
        }
        isReplaying = false
        effects = []
        guard recorded > 0 else { return }
        // With the files there, nothing is left to say but goodbye.
        step = isWritten ? max(recorded, lastStep + 1) : 1
        if isWritten { closingUntil = now + Self.closingMax }
        if sync.step < step { sync.advance() }
        move(to: .barrier)
    }

    mutating func note(_ record: CeremonyRecord) {
        if !isReplaying { effects.append(.record(record)) }
    }

    mutating func warn(_ text: String) { effects.append(.warning(text)) }

    // MARK: Steps

    /// Goes on as far as what is there allows.
    mutating func advance() throws(CeremonyFault) {
        while failure == nil, sync.fault == nil, try advanceOnce() {}
    }

    /// - Returns: whether there may be more to do at once.
    private mutating func advanceOnce() throws(CeremonyFault) -> Bool {
        switch stage {
        case .gathering:
            guard sync.isEverybodyHere else { return false }
            enter(1)
            return true
        case .barrier:
            if step >= sync.step {
                sync.checkBarrier()
                guard sync.fault == nil, sync.isEverybodyAtStep else { return closeInTime() }
            }
            try begin()
            return true
        case .frost(let frost): return try advanceFrost(frost)
        case .pedersen: return try advancePedersen()
        case .collecting(let kind, let roots): return try collect(kind, roots)
        case .nodeSignatures: return collectNodeSignatures()
        case .goodbye:
            guard sync.isFinished else { return closeInTime() }
            finish(warning: nil)
            return false
        case .signing, .joining, .assembling, .writing, .finished, .failed: return false
        }
    }

    /// After the work of a step.
    mutating func enter(_ next: Int) {
        step = next
        if next > sync.step {
            note(.step(next))
            sync.advance()
        }
        if next > lastStep, closingUntil == nil { closingUntil = now + Self.closingMax }
        move(to: .barrier)
    }

    mutating func move(to stage: Stage) {
        self.stage = stage
        stageSince = now
    }

    /// The last work; then goodbye.
    var lastStep: Int { plan.works.count }

    /// The barrier holds.
    private mutating func begin() throws(CeremonyFault) {
        begun = max(begun, step)
        guard step <= lastStep else {
            if step == lastStep + 1 { return enter(step + 1) }
            sync.shutDown()
            return move(to: .goodbye)
        }
        switch plan.works[step - 1] {
        case .keys:
            switch plan.algorithm {
            case .frost: start(.frostBegin, .frost(.beginning))
            case .pedersen:
                move(to: .pedersen)
                try beginPedersen()
            }
        case .deposits: try sign(.deposit(0))
        case .registrations: try sign(.registration)
        case .lockHash:
            // Nobody has the shares, or we have none.
            guard !plan.isLeaving, plan.edit?.addition?.isUnverified != true else { return enter(step + 1) }
            try sign(.lockHash)
        case .nodeSignatures: try signAsNode()
        case .files:
            guard !isWritten, !plan.isLeaving else { return enter(step + 1) }
            start(.assemble(assembly), .assembling)
        }
    }

    mutating func start(_ work: CeremonyWork, _ stage: Stage) {
        move(to: stage)
        effects.append(.work(work))
    }

    // MARK: Ends

    mutating func assembled(_ outcome: CeremonyOutcome) {
        self.outcome = outcome
        note(.writing)
        effects.append(.write(outcome, continuing: isWriting))
        isWriting = true
        move(to: .writing)
    }

    mutating func written(_ result: Result<Void, any Error>) {
        guard case .writing = stage else { return }
        switch result {
        case .success:
            isWritten = true
            note(.written)
            enter(lastStep + 1)
        case .failure(let error):
            fail(CeremonyFailure(culprit: nil, isForGood: false, "write the files of the new cluster: \(error)"))
        }
    }

    /// Others who do not say goodbye hold up nobody for ever.
    private mutating func closeInTime() -> Bool {
        guard let closingUntil, now >= closingUntil else { return false }
        let silent = plan.others.filter { sync.peers[$0].presence != .finished }.map(plan.name(of:))
        finish(
            warning: "these operators did not confirm that they have their files too; ask them: "
                + silent.joined(separator: ", "))
        return false
    }

    private mutating func finish(warning: String?) {
        move(to: .finished)
        effects.append(.finished(outcome, warning: warning))
    }

    mutating func fail(_ failure: CeremonyFailure) {
        guard self.failure == nil, !isFinished else { return }
        // The files are there: what others do now changes nothing.
        if isWritten { return finish(warning: "\(failure)") }
        self.failure = failure
        move(to: .failed)
        effects.append(.failed(failure))
    }
}
