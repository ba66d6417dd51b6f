import BeaconAPI
import Cluster
import Doctor
import DutyWorkflow
import Ethereum
import Logging
import Program
import SSZ
import Storage
import Synchronization
import ValidatorAPI

extension ValidatorStatus {
    fileprivate var isPending: Bool { self == .pendingInitialized || self == .pendingQueued }
}

/// What the running node hears of itself between two examinations, and the findings of the last one. Safe from any
/// thread.
final class DoctorWatch: Sendable {
    private static let headsMax = 8
    private static let loopDelaysMax = 60
    /// Payments asked for; more validators than any cluster has are not looked at.
    private static let wishesMax = 1 << 16
    /// How long what happened stays a finding.
    private static let memory = Duration.seconds(900)

    private struct State {
        var history = CaseHistory()
        var checkedAt: Instant?
        var tally = DutyTally()
        var absent: Set<PeerIndex> = []
        var twins: [PeerIndex: Instant] = [:]
        var twin: String?
        var stopped: [PubKey: String] = [:]
        var skipped: [(at: Instant, slots: Int, why: String)] = []
        var client = ClientLedger()
        var wishes: [PaymentWish.Proposer: Bytes20] = [:]
        var indices: [ValidatorIndex: PubKey] = [:]
        var validators: ValidatorFacts?
        var heads: [Duration] = []
        var loopDelays: [Duration] = []
        var clock: SlotClock?
        var failing: Set<HealthRule> = []
        var watchesUntil: Slot?
        var undecidedSwitch: Epoch?
        var book: RegistrationBook?
        var journal: Journal?
        var ring: KeyRing?
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    // MARK: What is heard

    func receive(_ report: Report, in cluster: () -> ClusterView, at now: Instant) {
        // Asked outside the lock: it has locks of its own.
        let view: ClusterView? = if case .failed = report { cluster() } else { nil }
        state.withLock { state in
            switch report {
            case .succeeded(let duty, _, _): state.tally.succeeded(duty.type, at: now)
            case .failed(let failure):
                guard let view else { return }
                state.tally.failed(failure, in: view, at: now)
            case .peerAbsent(let peer, _): state.absent.insert(peer)
            case .peerReturned(let peer, _): state.absent.remove(peer)
            case .twinSeen(_, let what): state.twin = what
            case .stillHalted(let halt): state.twin = halt.seen
            case .slashed(let pubKey, let slashing): state.stopped[pubKey] = slashing.seen
            case .slashingLifted(let pubKey): state.stopped[pubKey] = nil
            case .plannedSwitch(let plan, let news): state.undecidedSwitch = news == .undecided ? plan.epoch : nil
            case .dutiesMissed(let from, let to, _, let why):
                guard from <= to else { return }
                if state.skipped.count >= Self.headsMax { state.skipped.removeFirst() }
                state.skipped.append((now, Int(clamping: to.rawValue - from.rawValue) + 1, why))
            case .started, .decided, .analysed, .roundChanged, .roundChangesLacked, .retrying, .dutiesUnavailable,
                .validatorsWithoutDuty, .fault, .prioritiesAgreed:
                break
            }
        }
    }

    func receive(_ request: ValidatorAPIRecord) { state.withLock { $0.client.note(request) } }

    func noteBadSignature() { state.withLock { $0.client.noteBadSignature() } }

    func note(_ wishes: [PaymentWish]) {
        state.withLock { state in
            for wish in wishes where state.wishes[wish.proposer] != nil || state.wishes.count < Self.wishesMax {
                state.wishes[wish.proposer] = wish.feeRecipient
            }
        }
    }

    /// - Parameters:
    ///   - rows: of all validators of the cluster that the chain knows.
    ///   - total: of the cluster.
    func note(_ rows: [BeaconValidator], of total: Int) {
        let slashed = rows.filter(\.isSlashed).map { "\($0.validator.pubKey)" }
        state.withLock { state in
            state.indices = Dictionary(
                rows.map { ($0.index, $0.validator.pubKey) }, uniquingKeysWith: { first, _ in first })
            state.validators = ValidatorFacts(
                pending: rows.count(where: \.status.isPending), slashed: slashed, unknown: max(0, total - rows.count),
                total: total)
        }
    }

    /// Health rules that fail now.
    func note(failing: Set<HealthRule>) { state.withLock { $0.failing = failing } }
    var failing: Set<HealthRule> { state.withLock { $0.failing } }

    func noteTwin(of peer: PeerIndex, at now: Instant) { state.withLock { $0.twins[peer] = now } }

    /// - Parameter delay: from the slot's start to its head; below zero for one that came before.
    func noteHead(_ delay: Duration) {
        state.withLock { state in
            if state.heads.count >= Self.headsMax { state.heads.removeFirst() }
            state.heads.append(delay)
        }
    }

    func noteLoop(_ delay: Duration) {
        state.withLock { state in
            if state.loopDelays.count >= Self.loopDelaysMax { state.loopDelays.removeFirst() }
            state.loopDelays.append(delay)
        }
    }

    func note(_ clock: SlotClock, _ fresh: FreshJournal, _ book: RegistrationBook, _ journal: Journal, _ ring: KeyRing?)
    {
        state.withLock { state in
            state.clock = clock
            if case .watches(let until) = fresh { state.watchesUntil = until }
            (state.book, state.journal, state.ring) = (book, journal, ring)
        }
    }

    var clock: SlotClock? { state.withLock { $0.clock } }
    var loopDelays: [Duration] { state.withLock { $0.loopDelays } }
    var journal: Journal? { state.withLock { $0.journal } }

    // MARK: Examinations

    /// Adds what was heard to what was asked.
    ///
    /// - Parameters:
    ///   - signs: whether the node signs by itself.
    ///   - mayLack: whether key shares come and go while it runs.
    func complete(_ facts: inout Facts, signs: Bool, mayLack: Bool, keys: ShareKeys, at now: Instant) {
        let state = state.withLock { state in
            forget(&state, before: now - Self.memory, now)
            return state
        }
        completeNode(&facts, state, now)
        facts.cluster.duties = state.tally
        facts.cluster.validators = state.validators
        for place in facts.peers.indices {
            let peer = facts.peers[place].peer
            facts.peers[place].isAbsent = state.absent.contains(peer)
            facts.peers[place].isTwin = state.twins[peer] != nil
        }
        completeSigning(&facts, state, signs: signs, mayLack: mayLack, keys)
    }

    private func completeNode(_ facts: inout Facts, _ state: State, _ now: Instant) {
        facts.node.twin = state.twin
        facts.node.undecidedSwitch = state.undecidedSwitch
        facts.node.stopped = state.stopped.sorted { $0.key < $1.key }.map { ("\($0)", $1) }
        facts.node.slotsSkipped = state.skipped.reduce(0) { $0 + $1.slots }
        facts.node.skippedWhy = state.skipped.last?.why ?? ""
        facts.node.loopDelay = state.loopDelays.max()
        if let until = state.watchesUntil, let clock = state.clock, clock.start(of: until) > now {
            facts.node.watchesUntil = until
            facts.node.watchesFor = clock.start(of: until) - now
        }
        facts.machine.syncTimes = state.journal?.timings.recent ?? []
        if let early = state.heads.min(), early < .zero { facts.machine.headsEarly = .zero - early }
    }

    private func completeSigning(
        _ facts: inout Facts, _ state: State, signs: Bool, mayLack: Bool, _ keys: ShareKeys
    ) {
        if !signs {
            var client = state.client.facts
            client.payments = payments(state, keys)
            facts.validatorClient = client
        } else if let ring = state.ring, facts.shares == nil, !mayLack {
            let missing = keys.pubKeys.filter { !ring.holds($0) }
            facts.shares = ShareFacts(total: keys.pubKeys.count, missing: missing.map { $0.hex }, areRemote: false)
        }
    }

    private func forget(_ state: inout State, before: Instant, _ now: Instant) {
        state.tally.forget(before: before)
        state.skipped.removeAll { $0.at < before }
        state.twins = state.twins.filter { $0.value >= before }
        if let clock = state.clock { state.client.turn(to: clock.epoch(of: clock.currentSlot(at: now))) }
    }

    private func payments(_ state: State, _ keys: ShareKeys) -> [ValidatorClientFacts.Payment] {
        guard let due = state.book?.current.feeRecipients else { return [] }
        return state.wishes.compactMap { proposer, asked -> ValidatorClientFacts.Payment? in
            let pubKey: PubKey? =
                switch proposer {
                case .index(let index): state.indices[index]
                case .pubKey(let pubKey): pubKey
                }
            guard let pubKey, let right = due[pubKey], right != asked else { return nil }
            return .init(validator: pubKey.hex, asked: asked.hex, due: right.hex)
        }.sorted { $0.validator < $1.validator }
    }

    /// Logs what is new, and what is over.
    func examine(_ facts: Facts, at now: Instant) {
        let findings = Examination(facts).findings
        let news = state.withLock { state in
            state.checkedAt = now
            return state.history.take(findings, at: now)
        }
        for finding in news.begun {
            logger.log(
                level: finding.severity == .info ? .info : .warning, "\(finding.sentence)",
                metadata: [
                    "finding": "\(finding.id.rawValue)", "layer": "\(finding.layer.rawValue)",
                    "cure": "\(finding.cure)",
                ])
        }
        for over in news.ended {
            logger.info(
                "over: \(over.finding.sentence)",
                metadata: [
                    "finding": "\(over.finding.id.rawValue)", "lasted": "\((now - over.since).components.seconds)s",
                ])
        }
    }

    var report: DoctorReport {
        state.withLock { DoctorReport(checkedAt: $0.checkedAt, $0.history.current) }
    }
}
