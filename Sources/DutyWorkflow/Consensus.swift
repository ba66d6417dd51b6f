import Ethereum
import QBFT
import SSZ

/// Runs one QBFT instance per duty and remembers the values behind the hashes.
///
/// Life of a duty here: messages wait → started by our scheduler, or by f+1 peers once its time has come → decided →
/// answers laggards with DECIDED until the deadline. Source: consensus.md §5.
struct Consensus: Sendable {
    /// Signs a message of ours. Deterministic (RFC 6979), so it is an argument and not an effect.
    typealias Seal = @Sendable (Duty, QBFT.Message) -> QBFT.Message

    private struct Running: Sendable {
        var instance: QBFT.Instance
        var timer: QBFT.RoundTimer
        var timeout: (at: Instant, round: Int64)?
        var values: [Root: UnsignedDataSet] = [:]
        var valuesFrom: [Int: Int] = [:]
        var journaled: Set<Root> = []
        var hasInput = false
        var isDecided = false
        var isStopped = false
        var startedAt: Instant
    }

    /// Bounds on what a peer can make us hold. A duty has few honest messages before it starts.
    private enum Limit {
        static let waitingPerDutyAndSource = 32
        static let waitingDutiesPerSource = 64
        /// Distinct values one operator may introduce in one duty; a leader proposes once a round.
        static let valuesPerSource = 16
    }

    private let configuration: WorkflowConfiguration
    private let size: QBFT.ClusterSize
    private let seal: Seal
    private var running: [Duty: Running] = [:]
    private var waiting: [Duty: [ConsensusMessage]] = [:]
    private var waitingDuties: [Int: Set<Duty>] = [:]
    private var decidedEarlier: Set<Duty> = []

    init(configuration: WorkflowConfiguration, seal: @escaping Seal) {
        self.configuration = configuration
        self.seal = seal
        size = QBFT.ClusterSize(nodes: configuration.nodes)
    }

    // MARK: Entry points

    /// Joins the duty's instance before our own data are there.
    mutating func participate(_ duty: Duty, at now: Instant) -> [Signal] {
        duty.type.rules.needsOwnData ? [] : start(duty, at: now)
    }

    /// Offers our own data. Harmless after a decision.
    mutating func propose(_ duty: Duty, _ set: UnsignedDataSet, at now: Instant) -> [Signal] {
        guard !set.isEmpty, !configuration.deadlines.isExpired(duty, at: now) else { return [] }
        var signals = start(duty, at: now)
        guard running[duty]?.hasInput == false, var run = take(duty) else { return signals }
        let hash = set.valueHash()
        run.hasInput = true
        run.values[hash] = set
        signals += drive(duty, &run, .input(hash), at: now)
        running[duty] = run
        return signals
    }

    /// - Parameter message: authenticated; nothing else about it is trusted.
    mutating func receive(_ message: ConsensusMessage, at now: Instant) -> [Signal] {
        let duty = message.duty
        guard !configuration.deadlines.isExpired(duty, at: now), configuration.deadlines.admits(duty, at: now) else {
            return []
        }
        guard duty.type.rules.isDecided else {
            return [
                .tracked(duty, .peerRefused(PeerIndex(message.message.source), "no consensus about \(duty.type.name)"))
            ]
        }
        guard var run = take(duty) else { return wait(message, at: now) }
        let signals = deliver(message, &run, at: now)
        running[duty] = run
        return signals
    }

    mutating func wake(at now: Instant) -> [Signal] {
        var signals: [Signal] = []
        for duty in waiting.keys.sorted() where isJoinable(duty, at: now) { signals += start(duty, at: now) }
        for duty in running.keys.sorted() {
            guard let timeout = running[duty]?.timeout, timeout.at <= now, var run = take(duty) else { continue }
            run.timeout = nil
            signals += drive(duty, &run, .timerFired(round: timeout.round), at: now)
            running[duty] = run
        }
        return signals
    }

    /// - Returns: whether an instance ran and did not decide.
    mutating func expire(_ duty: Duty) -> Bool {
        dropWaiting(duty)
        decidedEarlier.remove(duty)
        guard let run = running.removeValue(forKey: duty) else { return false }
        return !run.isDecided
    }

    /// A duty decided in an earlier life: never opened again, its votes are no longer in memory.
    mutating func restoreDecided(_ duty: Duty) { decidedEarlier.insert(duty) }

    /// Takes up an instance after a restart. Never votes differently from what the journal says.
    mutating func restore(
        _ duty: Duty, votes: [QBFT.Message], values: [Root: UnsignedDataSet], at now: Instant
    ) -> [Signal] {
        guard running[duty] == nil else { return [] }
        let instance: QBFT.Instance
        do {
            instance = try QBFT.Instance(configuration: instanceConfiguration(duty), resuming: votes)
        } catch {
            // It cannot know what it promised: it sits this duty out.
            decidedEarlier.insert(duty)
            return [.tracked(duty, .consensusFault("resume from the journal: \(error)"))]
        }
        var run = makeRunning(duty, instance, at: now)
        run.values = values
        run.journaled = Set(values.keys)
        let signals = drive(duty, &run, .start, at: now)
        running[duty] = run
        return signals
    }

    var nextWake: Instant? {
        let timeouts = running.values.compactMap { $0.timeout?.at }
        let starts = waiting.keys.filter { hasEnoughWaiting($0) }.map { dutyStart($0) }
        return (timeouts + starts).min()
    }

    // MARK: Starting

    private mutating func start(_ duty: Duty, at now: Instant) -> [Signal] {
        guard running[duty] == nil, !decidedEarlier.contains(duty), !configuration.deadlines.isExpired(duty, at: now)
        else { return [] }
        var run = makeRunning(duty, QBFT.Instance(configuration: instanceConfiguration(duty)), at: now)
        var signals = drive(duty, &run, .start, at: now)
        for message in waiting[duty] ?? [] { signals += deliver(message, &run, at: now) }
        dropWaiting(duty)
        running[duty] = run
        return signals
    }

    private func instanceConfiguration(_ duty: Duty) -> QBFT.Instance.Configuration {
        QBFT.Instance.Configuration(
            nodes: configuration.nodes, index: configuration.peer.rawValue,
            leaderOffset: duty.slot.rawValue &+ UInt64(duty.type.rawValue))
    }

    private func makeRunning(_ duty: Duty, _ instance: QBFT.Instance, at now: Instant) -> Running {
        let timer = QBFT.RoundTimer(proposalTimeout: duty.type.rules.proposalTimeout)
        return Running(instance: instance, timer: timer, startedAt: now)
    }

    /// Peers may start us once the duty's time has come: a node whose beacon node is silent still votes. f+1 sources
    /// make sure that an honest one is among them.
    private func isJoinable(_ duty: Duty, at now: Instant) -> Bool {
        now >= dutyStart(duty) && hasEnoughWaiting(duty)
    }

    private func hasEnoughWaiting(_ duty: Duty) -> Bool {
        Set((waiting[duty] ?? []).map(\.message.source)).count > size.faulty
    }

    private mutating func wait(_ message: ConsensusMessage, at now: Instant) -> [Signal] {
        let duty = message.duty
        guard !decidedEarlier.contains(duty) else { return [] }
        let source = message.message.source
        // Sources are counted before an instance looks at them.
        guard 0..<configuration.nodes ~= source else { return [] }
        let isNew = waitingDuties[source]?.contains(duty) != true
        if isNew, waitingDuties[source, default: []].count >= Limit.waitingDutiesPerSource {
            return [.tracked(duty, .peerRefused(PeerIndex(source), "too many duties at once"))]
        }
        let held = waiting[duty, default: []].count { $0.message.source == source }
        guard held < Limit.waitingPerDutyAndSource else {
            return [.tracked(duty, .peerRefused(PeerIndex(source), "too many messages before the duty began"))]
        }
        waitingDuties[source, default: []].insert(duty)
        waiting[duty, default: []].append(message)
        return isJoinable(duty, at: now) ? start(duty, at: now) : []
    }

    private mutating func dropWaiting(_ duty: Duty) {
        guard let messages = waiting.removeValue(forKey: duty) else { return }
        for source in Set(messages.map(\.message.source)) { waitingDuties[source]?.remove(duty) }
    }

    /// The moment to which round deadlines are relative.
    private func dutyStart(_ duty: Duty) -> Instant { configuration.clock.begin(of: duty) }

    // MARK: Running

    /// Out of the dictionary while it changes: a second reference would copy the instance's buffers at each event.
    private mutating func take(_ duty: Duty) -> Running? { running.removeValue(forKey: duty) }

    private func deliver(_ message: ConsensusMessage, _ run: inout Running, at now: Instant) -> [Signal] {
        let source = message.message.source
        func refuse(_ reason: String) -> [Signal] { [.tracked(message.duty, .peerRefused(PeerIndex(source), reason))] }
        let fresh = message.values.filter { run.values[$0.key] == nil }
        guard run.valuesFrom[source, default: 0] + fresh.count <= Limit.valuesPerSource else {
            return refuse("too many different values")
        }
        // An instance that votes for what it cannot show has to stop: no peer may bring it there.
        if !run.isDecided,
            let missing = hashes(in: message.message).first(where: { hash in
                run.values[hash] == nil && fresh[hash] == nil
            })
        {
            return refuse("no value for hash \(missing)")
        }
        if !run.isDecided, !fresh.isEmpty {
            run.valuesFrom[source, default: 0] += fresh.count
            run.values.merge(fresh) { first, _ in first }
        }
        return drive(message.duty, &run, .message(message.message), at: now)
    }

    /// Feeds one event and everything that follows from our own messages, which count as received.
    private func drive(_ duty: Duty, _ run: inout Running, _ event: QBFT.Instance.Event, at now: Instant) -> [Signal] {
        guard !run.isStopped else { return [] }
        var events = [event]
        var signals: [Signal] = []
        while !events.isEmpty {
            for effect in run.instance.receive(events.removeFirst()) {
                switch effect {
                case .broadcast(let message, let prepared):
                    let sealed = seal(duty, message)
                    guard let vote = vote(duty, sealed, prepared: prepared, &run) else { return signals + stop(&run) }
                    signals += vote
                    events.append(.message(sealed))
                case .rebroadcast(let message):
                    guard let values = values(of: message, run) else { return signals + stop(&run) }
                    signals.append(
                        .perform(.sendConsensus(ConsensusMessage(duty: duty, message: message, values: values))))
                    events.append(.message(message))
                case .startTimer(let round):
                    let start = dutyStart(duty)
                    run.timeout = (start + run.timer.deadline(round: round, elapsed: now - start), round)
                case .stopTimer:
                    run.timeout = nil
                case .roundChanged(let from, let to, let rule):
                    signals.append(.tracked(duty, .roundChanged(from: from, to: to, "\(rule)")))
                case .decided(let value, let round, let leader, _):
                    signals += decide(duty, &run, value: value, round: round, leader: leader, at: now)
                case .equivocated(let source, let first, let second):
                    let what = "\(first.kind) of round \(first.round) for \(first.value) and \(second.value)"
                    signals.append(.tracked(duty, .equivocatedVote(PeerIndex(source), what)))
                case .refused(let message, let reason):
                    signals.append(.tracked(duty, .peerRefused(PeerIndex(message.source), "\(reason)")))
                case .inputRefused:
                    signals.append(.tracked(duty, .consensusFault("own value has no hash")))
                }
            }
        }
        return signals
    }

    /// Our message: on disk first, then to the peers. nil when it names a value we do not have: every receiver would
    /// refuse it.
    private func vote(
        _ duty: Duty, _ message: QBFT.Message, prepared: [QBFT.Message], _ run: inout Running
    ) -> [Signal]? {
        guard let values = values(of: message, run) else { return nil }
        let send = Signal.perform(.sendConsensus(ConsensusMessage(duty: duty, message: message, values: values)))
        // DECIDED only repeats what others signed: nothing in it commits us.
        guard message.kind != .decided else { return [send] }
        let fresh = values.filter { !run.journaled.contains($0.key) }
        run.journaled.formUnion(fresh.keys)
        return [.perform(.persist(.vote(duty, message.record(prepared: prepared), values: fresh))), send]
    }

    private func values(of message: QBFT.Message, _ run: Running) -> [Root: UnsignedDataSet]? {
        var values: [Root: UnsignedDataSet] = [:]
        for hash in hashes(in: message) {
            guard let set = run.values[hash] else { return nil }
            values[hash] = set
        }
        return values
    }

    /// Every value the message names, some more than once.
    private func hashes(in message: QBFT.Message) -> [Root] {
        var hashes: [Root] = []
        func add(_ hash: Root) { if hash != .zero, hash != hashes.last { hashes.append(hash) } }
        add(message.value)
        add(message.preparedValue)
        for vote in message.justification {
            add(vote.value)
            add(vote.preparedValue)
        }
        return hashes
    }

    /// An instance whose vote cannot be made must not go on as if it had been.
    private func stop(_ run: inout Running) -> [Signal] {
        run.isStopped = true
        run.timeout = nil
        return []
    }

    private func decide(
        _ duty: Duty, _ run: inout Running, value: Root, round: Int64, leader: Int, at now: Instant
    ) -> [Signal] {
        run.timeout = nil
        run.isDecided = true
        guard let set = run.values[value] else { return [.tracked(duty, .consensusFault("decided value is unknown"))] }
        run.values = [value: set]
        return [
            .tracked(duty, .decided(round: round, leader: PeerIndex(leader), after: now - run.startedAt)),
            .decided(duty, set),
        ]
    }
}
