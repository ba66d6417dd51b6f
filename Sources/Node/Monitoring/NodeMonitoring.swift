import BeaconAPI
import DutyWorkflow
import Ethereum
import Prometheus
import Monitoring
import Program
import SSZ
import Synchronization

/// Looks once a slot whether the node is ready, and makes the monitoring pages. Source: operations.md §7, §8.
final class NodeMonitoring: Sendable {
    /// What readiness depends on, and whom to ask.
    struct Questions: Sendable {
        typealias Ask<Answer> = @Sendable () async throws(BeaconError) -> Answer

        /// Of the beacon nodes.
        var syncing: Ask<NodeReadiness.Facts.BeaconNode>
        /// Of the beacon node; asked once a minute.
        var peerCount: Ask<UInt64>
        /// Other operators connected now.
        var connected: @Sendable () -> Int
        /// On the validator API so far.
        var requests: @Sendable () -> UInt64
        /// For how long a commit has been waiting for the disk, or how long the last one took.
        var commitTime: @Sendable () -> Duration = { .zero }
        /// Told once, with how far the clock is from where it should be; below zero if it was set back.
        var clockJumped: @Sendable (Duration) -> Void = { _ in }
    }

    /// Between two looks until the chain tells its slots: then nobody is asked.
    private static let lookEvery = Duration.seconds(1)
    private static let peerCountEvery = Duration.seconds(60)
    /// Validators that the page `/readyz` names.
    private static let namesMax = 8

    let metrics: NodeMetrics

    private struct State {
        var watch: ReadinessWatch
        var clock: SlotClock?
        var readiness = NodeReadiness.uninitialised
        /// Why this node signs nothing more.
        var halt: String?
        /// If this node signs by itself: whether it may already.
        var fresh = FreshJournal.signs
        /// For whom alone nothing is signed.
        var slashed: [PubKey: Slashing] = [:]
        /// Why the journal cannot be used.
        var journal: String?
        /// From when on nothing is signed because this node does not know whether its cluster switches.
        var undecided: Epoch?
        var commitTime = Duration.zero
        var clockWatch = ClockWatch()
        /// Of the beacon node; nil until it told.
        var beaconNodePeers: UInt64?
        var peerCountAskedAt: Instant?
    }

    private let state: Mutex<State>

    init(_ metrics: NodeMetrics, operators: Int, signs: Bool) {
        self.metrics = metrics
        state = Mutex(State(watch: ReadinessWatch(operators: operators, signs: signs)))
    }

    var readiness: NodeReadiness { state.withLock { $0.readiness } }

    /// Of the page `/readyz`. A validator that is stopped leaves the node ready: the others need it.
    private var body: String {
        let (readiness, slashed) = state.withLock { ($0.readiness, $0.slashed) }
        guard !slashed.isEmpty else { return readiness.body }
        let lines = slashed.sorted { $0.key < $1.key }.prefix(Self.namesMax).map {
            "this node's operator: nothing more is signed for validator \($0), which was slashed (\($1.seen)); \(Slashing.cure)"
        }
        let more = slashed.count > lines.count ? ["and for \(slashed.count - lines.count) more validators"] : []
        return (readiness.body.split(separator: "\n").map { String($0) } + lines + more).joined(separator: "\n") + "\n"
    }

    /// No beacon node has described the chain yet, and why.
    func note(missing why: String) { evaluate(.down(why), connected: 0) }

    /// This node signs nothing more, until it is started anew.
    func note(halt why: String) {
        state.withLock { state in
            state.halt = why
            state.readiness = .halted(why)
        }
        metrics.readiness.set(Double(NodeReadiness.halted(why).code))
    }

    func note(_ fresh: FreshJournal) { state.withLock { $0.fresh = fresh } }

    /// Nothing more is signed for a validator; nil: again.
    func note(_ slashing: Slashing?, of pubKey: PubKey) {
        let count = state.withLock { state in
            state.slashed[pubKey] = slashing
            return state.slashed.count
        }
        metrics.validators.note(stopped: count)
    }

    /// The journal cannot be used; nil once it can.
    func note(journal why: String?) {
        let code = state.withLock { state in
            state.journal = why
            if let why, state.halt == nil { state.readiness = .journalRefused(why) }
            return state.readiness.code
        }
        metrics.readiness.set(Double(code))
    }

    /// Whether the cluster switches at the epoch is not known; nil once it is.
    func note(undecided epoch: Epoch?) { state.withLock { $0.undecided = epoch } }

    func note(_ clock: SlotClock) { state.withLock { $0.clock = clock } }

    /// Until cancelled.
    func run(_ questions: Questions) async {
        while !Task.isCancelled {
            if let jump = noteTime(SystemClock.now(), steady: .now) { questions.clockJumped(jump) }
            await look(questions, at: SystemClock.now())
            let pause = state.withLock { $0.clock }?.slotDuration ?? Self.lookEvery
            do { try await Task.sleep(for: pause) } catch { return }
        }
    }

    /// - Returns: by how much the clock has jumped since the last time, if it has.
    func noteTime(_ now: Instant, steady: ContinuousClock.Instant) -> Duration? {
        state.withLock { $0.clockWatch.look(now, steady: steady) }
    }

    /// Once a slot.
    func look(_ questions: Questions, at now: Instant) async {
        let (connected, requests) = (questions.connected(), questions.requests())
        let commitTime = questions.commitTime()
        let (isChainKnown, asksPeers) = state.withLock { state in
            state.commitTime = commitTime
            state.watch.tick(
                epoch: state.clock.map { $0.epoch(of: $0.currentSlot(at: now)) }, connected: connected,
                requests: requests)
            guard state.clock != nil else { return (false, false) }
            if let last = state.peerCountAskedAt, last <= now, now - last < Self.peerCountEvery { return (true, false) }
            state.peerCountAskedAt = now
            return (true, true)
        }
        // Until then the reason is why it is not known.
        guard isChainKnown else { return }
        async let peers = asksPeers ? try? questions.peerCount() : nil
        let found: NodeReadiness.Facts.BeaconNode
        do throws(BeaconError) { found = try await questions.syncing() } catch { found = .down("\(error)") }
        if let count = await peers {
            state.withLock { $0.beaconNodePeers = count }
            metrics.beacon.note(peers: count)
        }
        evaluate(found, connected: connected, at: now)
    }

    private func evaluate(
        _ beaconNode: NodeReadiness.Facts.BeaconNode, connected: Int, at now: Instant = SystemClock.now()
    ) {
        let code = state.withLock { state in
            var facts = state.watch.facts(beaconNode, beaconNodePeers: state.beaconNodePeers, connected: connected)
            facts.halt = state.halt
            facts.wait = state.clock.flatMap { state.fresh.wait(at: now, clock: $0) }
            facts.journal = state.journal
            if let epoch = state.undecided, let clock = state.clock, now >= clock.start(of: epoch) {
                facts.undecided = epoch
            }
            facts.commitTime = state.commitTime
            facts.clockJump = state.clockWatch.jump
            state.readiness = NodeReadiness(facts)
            return state.readiness.code
        }
        metrics.readiness.set(Double(code))
    }

    /// - Parameters:
    ///   - enr: this node's record.
    ///   - collect: brings metrics up to date that nobody reports, before a scrape.
    func pages(enr: String, collect: @escaping @Sendable () async -> Void) -> [String: Page.Maker] {
        let scrape = CachedPage { [self] in
            metrics.process.collect()
            let now = SystemClock.now()
            if let clock = state.withLock({ $0.clock }) { metrics.note(clock, at: now) }
            await collect()
            return Page(contentType: Exposition.contentType, body: Exposition(metrics.registry).text)
        }
        return [
            "/livez": { Page(text: "ok") },
            "/readyz": { [self] in Page(status: readiness.httpStatus, text: body) },
            "/metrics": { await scrape.page() },
            "/enr": { Page(text: enr) },
        ]
    }
}
