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

    struct Running: Sendable {
        var instance: QBFT.Instance
        var timer: QBFT.RoundTimer
        var timeout: (at: Instant, round: Int64)?
        var values = DutyValues()
        /// What we voted, in this life or an earlier one, without justifications.
        var ownVotes: [QBFT.Message] = []
        var journaled: Set<Root> = []
        var hasInput = false
        var isDecided = false
        /// It waited in vain, in a later round than the first, for a quorum of ROUND_CHANGEs.
        var lackedRoundChanges = false
        var isStopped = false
        var startedAt: Instant
    }

    let configuration: WorkflowConfiguration
    let seal: Seal
    private let size: QBFT.ClusterSize
    private var running: [Duty: Running] = [:]
    private var early = EarlyMessages()
    var held: HeldBytes
    private var decidedEarlier: Set<Duty> = []
    /// Our key signs somewhere else too: nothing of it can be kept from contradicting what we would say. For good.
    private(set) var isHalted = false

    init(configuration: WorkflowConfiguration, seal: @escaping Seal) {
        self.configuration = configuration
        self.seal = seal
        size = QBFT.ClusterSize(nodes: configuration.nodes)
        held = HeldBytes(
            sources: configuration.nodes,
            perSourceMax: Self.heldPerSourceMax(validators: configuration.validators.count))
    }

    /// Two blocks with their blobs' commitments and an attestation each for all validators; in a large cluster, as many
    /// attestations as a cluster that cannot agree for an epoch comes by (each operator's own, and those it followed).
    private static func heldPerSourceMax(validators: Int) -> Int { max(8 << 20, 24 * 344 * validators) }

    /// About what peers make us hold, in bytes.
    var heldBytes: Int {
        early.heldBytes + running.values.reduce(0) { $0 + $1.instance.heldBytes + $1.values.heldBytes }
    }

    // MARK: Entry points

    /// Joins the duty's instance before our own data are there.
    mutating func participate(_ duty: Duty, at now: Instant) -> [Signal] {
        duty.type.rules.needsOwnData || !configuration.consensus.joinsEarly ? [] : start(duty, at: now)
    }

    /// Offers our own data. Harmless after a decision.
    mutating func propose(_ duty: Duty, _ value: ConsensusValue, at now: Instant) -> [Signal] {
        guard !value.isEmpty, !configuration.deadlines.isExpired(duty, at: now) else { return [] }
        var signals = start(duty, at: now)
        guard !isHalted, running[duty]?.hasInput == false, var run = take(duty) else { return signals }
        let hash = value.valueHash()
        run.hasInput = true
        run.values.keep([hash: value])
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
            return refuse(duty, message.message.source, "no consensus about \(duty.type.name)")
        }
        guard !isHalted, !decidedEarlier.contains(duty) else { return [] }
        if let twin = voteOfTwin(message.message, running[duty]?.ownVotes ?? []) {
            return duty.slot < configuration.knowsFrom ? sitOut(duty) : halt(duty, twin)
        }
        let vote: QBFT.Message
        do {
            vote = try instanceConfiguration(duty).admitted(message.message)
        } catch {
            return error == .unknownSource ? [] : refuse(duty, message.message.source, "\(error)")
        }
        guard var run = take(duty) else { return wait(duty, vote, message.values, at: now) }
        let signals = deliver(duty, vote, message.values, &run, at: now)
        running[duty] = run
        return signals
    }

    /// What of a message counts; nil if nothing does.
    func admitted(_ message: ConsensusMessage) -> QBFT.Message? {
        try? instanceConfiguration(message.duty).admitted(message.message)
    }

    mutating func wake(at now: Instant) -> [Signal] {
        guard !isHalted else { return [] }
        var signals: [Signal] = []
        for duty in early.duties where isJoinable(duty, at: now) { signals += start(duty, at: now) }
        for duty in running.keys.sorted() {
            guard let timeout = running[duty]?.timeout, timeout.at <= now, var run = take(duty) else { continue }
            run.timeout = nil
            let next = run.timer.next(after: timeout.round, elapsed: now - dutyStart(duty))
            signals += drive(duty, &run, .timerFired(round: timeout.round, next: next), at: now)
            running[duty] = run
        }
        return signals
    }

    /// - Returns: what there is to tell of an instance that ran and did not decide.
    mutating func expire(_ duty: Duty) -> [TrackedStep] {
        var (_, values) = early.take(duty, &held)
        values.release(&held)
        decidedEarlier.remove(duty)
        guard var run = running.removeValue(forKey: duty) else { return [] }
        run.values.release(&held)
        guard !run.isDecided else { return [] }
        let isLacking = run.lackedRoundChanges || run.instance.lacksRoundChanges
        return [.consensusTimedOut] + (isLacking ? [.roundChangesLacked(isDecided: false)] : [])
    }

    /// A duty decided in an earlier life: never opened again, its votes are no longer in memory.
    mutating func restoreDecided(_ duty: Duty) { decidedEarlier.insert(duty) }

    /// Takes up an instance after a restart. Never votes differently from what the journal says.
    mutating func restore(
        _ duty: Duty, votes: [QBFT.Message], values: [Root: ConsensusValue], at now: Instant
    ) -> [Signal] {
        guard running[duty] == nil, !isHalted else { return [] }
        let instance: QBFT.Instance
        do {
            instance = try QBFT.Instance(configuration: instanceConfiguration(duty), resuming: votes)
        } catch {
            // It cannot know what it promised: it sits this duty out.
            decidedEarlier.insert(duty)
            return [.tracked(duty, .consensusFault("resume from the journal: \(error)"))]
        }
        var run = makeRunning(duty, instance, at: now)
        run.values.keep(values)
        run.ownVotes = votes.map(\.bare)
        run.journaled = Set(values.keys)
        let signals = drive(duty, &run, .start, at: now)
        running[duty] = run
        return signals
    }

    var nextWake: Instant? {
        guard !isHalted else { return nil }
        let timeouts = running.values.compactMap { $0.timeout?.at }
        let starts = early.duties.filter { hasEnoughWaiting($0) }.map { dutyStart($0) }
        return (timeouts + starts).min()
    }

    // MARK: Starting

    private mutating func start(_ duty: Duty, at now: Instant) -> [Signal] {
        guard running[duty] == nil, !isHalted, !decidedEarlier.contains(duty),
            !configuration.deadlines.isExpired(duty, at: now)
        else { return [] }
        var run = makeRunning(duty, QBFT.Instance(configuration: instanceConfiguration(duty)), at: now)
        let messages: [QBFT.Message]
        (messages, run.values) = early.take(duty, &held)
        var signals = drive(duty, &run, .start, at: now)
        for message in messages { signals += drive(duty, &run, .message(message), at: now) }
        running[duty] = run
        return signals
    }

    private func instanceConfiguration(_ duty: Duty) -> QBFT.Instance.Configuration {
        .init(duty, nodes: configuration.nodes, own: configuration.peer)
    }

    private func makeRunning(_ duty: Duty, _ instance: QBFT.Instance, at now: Instant) -> Running {
        Running(instance: instance, timer: configuration.consensus.timer(duty.type), startedAt: now)
    }

    /// Peers may start us once the duty's time has come: a node whose beacon node is silent still votes. f+1 sources
    /// make sure that an honest one is among them.
    private func isJoinable(_ duty: Duty, at now: Instant) -> Bool {
        now >= dutyStart(duty) && hasEnoughWaiting(duty)
    }

    private func hasEnoughWaiting(_ duty: Duty) -> Bool {
        configuration.consensus.joinsEarly && early.sources(of: duty) > size.faulty
    }

    private mutating func wait(
        _ duty: Duty, _ vote: QBFT.Message, _ values: [Root: ConsensusValue], at now: Instant
    ) -> [Signal] {
        if let reason = early.keep(vote, of: duty, values: values, &held) { return refuse(duty, vote.source, reason) }
        return isJoinable(duty, at: now) ? start(duty, at: now) : []
    }

    /// The moment to which round deadlines are relative.
    func dutyStart(_ duty: Duty) -> Instant { configuration.clock.begin(of: duty) }

    // MARK: Running

    /// Out of the dictionary while it changes: a second reference would copy the instance's buffers at each event.
    private mutating func take(_ duty: Duty) -> Running? { running.removeValue(forKey: duty) }

    private mutating func deliver(
        _ duty: Duty, _ vote: QBFT.Message, _ values: [Root: ConsensusValue], _ run: inout Running, at now: Instant
    ) -> [Signal] {
        if !run.isDecided, let reason = run.values.take(vote.namedValue, from: values, namedBy: vote.source, &held) {
            return refuse(duty, vote.source, reason)
        }
        return drive(duty, &run, .message(vote), at: now)
    }

    private func refuse(_ duty: Duty, _ source: Int, _ reason: String) -> [Signal] {
        [.tracked(duty, .peerRefused(PeerIndex(source), reason))]
    }

    /// A vote under our own index that we did not make. DECIDED promises nothing and is not remembered.
    private func voteOfTwin(_ message: QBFT.Message, _ own: [QBFT.Message]) -> QBFT.Message? {
        ([message] + message.justification).first { vote in
            vote.source == configuration.peer.rawValue && vote.kind != .decided
                && !own.contains { $0.isSameVote(as: vote) }
        }
    }

    /// An earlier life, whose journal is gone, voted in this duty: what it promised is not known.
    private mutating func sitOut(_ duty: Duty) -> [Signal] {
        _ = expire(duty)
        decidedEarlier.insert(duty)
        return []
    }

    /// No vote any more, ever.
    mutating func halt() {
        isHalted = true
        for duty in running.keys { running[duty]?.timeout = nil }
    }

    private mutating func halt(_ duty: Duty, _ vote: QBFT.Message) -> [Signal] {
        halt()
        return [
            .twinSeen(duty, "it did not send the \(vote.kind) of round \(vote.round) that is signed with its key")
        ]
    }
}
