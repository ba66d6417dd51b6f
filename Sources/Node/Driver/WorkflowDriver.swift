import DutyWorkflow
import Ethereum
import Libp2p
import NIOCore
import Program

#if STYX_KILL_POINTS
    import Storage
#endif

/// Feeds events to the workflow and sees to its effects: the only owner of duty state, on the event loop that the
/// peer-to-peer host and the timers share. Nothing here waits: work is handed out and comes back as an event.
///
/// What commits us is held back by the `Outbox` until the journal has it. All that one tick of the loop brings goes into
/// one commit, and all that comes during a commit into the next.
package actor WorkflowDriver {
    package typealias Commit = @Sendable ([Record], @escaping @Sendable (Result<Void, any Error>) -> Void) -> Void

    private var workflow: Workflow
    private var outbox = Outbox()
    private let commit: Commit
    /// Does an effect; called on the loop, and must not wait. Results come back through `post`.
    private let perform: @Sendable (Effect, WorkflowDriver) -> Void
    /// If somebody measures.
    private let waits: CommitWaits?
    package nonisolated let loop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    private let now: @Sendable () -> Instant

    private var inbox: [Event] = []
    /// Also until the journal is restored: an event before that would meet a node that forgot its votes.
    private var isReceiving = true
    private var isTickEnding = false
    private var timer: (at: Instant, task: Scheduled<Void>)?
    private var callers: [Ticket: CheckedContinuation<Answer, any Error>] = [:]
    /// How often somebody asked or submitted: each is a way into the loop and out of it.
    private(set) var lastTicket: UInt64 = 0
    private var end: CheckedContinuation<Void, any Error>?
    private var outcome: Result<Void, any Error>?

    /// The wall clock may step: it is looked at again at least this often.
    private static let wakeEvery: Duration = .seconds(1)

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init(
        workflow: Workflow, loop: any EventLoop, now: @escaping @Sendable () -> Instant = SystemClock.now,
        waits: CommitWaits? = nil, commit: @escaping Commit,
        perform: @escaping @Sendable (Effect, WorkflowDriver) -> Void
    ) {
        self.workflow = workflow
        self.commit = commit
        self.perform = perform
        self.loop = loop
        self.now = now
        self.waits = waits
        executor = loop.executor
    }

    // MARK: Running

    /// Ends when cancelled; throws when the journal cannot be written, because nothing may be signed then.
    package func run(restoring snapshot: JournalSnapshot) async throws {
        outbox = Outbox(snapshot.plannedSwitch)
        release(workflow.restore(snapshot, at: now()))
        #if STYX_KILL_POINTS
            KillPoint.restored.pass()
        #endif
        isReceiving = false
        receive(.wake)
        defer {
            timer?.task.cancel()
            for caller in callers.values { caller.resume(throwing: CancellationError()) }
            callers = [:]
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if let outcome { continuation.resume(with: outcome) } else { end = continuation }
            }
        } onCancel: {
            loop.execute { self.assumeIsolated { $0.finish(.success(())) } }
        }
        // What could wait until now.
        if let (_, records) = outbox.nextCommit(all: true) {
            try await withCheckedThrowingContinuation { continuation in
                commit(records) { continuation.resume(with: $0) }
            }
        }
    }

    /// From any thread; on the loop it is taken at once.
    package nonisolated func post(_ event: Event) {
        if loop.inEventLoop {
            assumeIsolated { $0.receive(event) }
        } else {
            HandOffs.note(.loop)
            loop.execute { self.assumeIsolated { $0.receive(event) } }
        }
    }

    // MARK: Questions from outside

    /// Waits as long as the query does; cancelling the task gives the wait up.
    package func ask(_ query: Query) async throws -> Answer { try await wait { .query($0, query) } }

    /// Our validator client's partial signatures, already verified. The answer comes once they are durable.
    package func submit(_ partials: [LocalPartials]) async throws -> Answer {
        try await wait { .localPartials(partials, $0) }
    }

    /// The operator's plan, or that it is taken back; it is durable on return.
    ///
    /// - Returns: why not, for people.
    package func plan(_ plan: SwitchPlan?) async throws -> String? {
        let answer = try await wait { ticket in plan.map { .planSwitch($0, ticket) } ?? .dropSwitch(ticket) }
        if case .refused(let why) = answer { return why }
        return nil
    }

    /// How far a planned switch is.
    package var switchRecord: SwitchRecord? { workflow.switchRecord }

    /// A peer's priorities; the answer is ours, once there are any.
    package func exchange(_ priorities: PriorityMessage, of peer: PeerIndex) async throws -> Answer {
        try await wait { .peerPriorities(peer, priorities, $0) }
    }

    /// Takes up what was signed elsewhere with this operator's key shares; it is durable on return.
    package func heed(_ history: SlashingHistory) async throws {
        _ = try await wait { .signedElsewhere(history, $0) }
    }

    private func wait(_ event: (Ticket) -> Event) async throws -> Answer {
        lastTicket += 1
        let ticket = Ticket(lastTicket)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard outcome == nil, !Task.isCancelled else {
                    continuation.resume(throwing: CancellationError())
                    return
                }
                // Into the loop, and with the answer out of it.
                HandOffs.note(.caller)
                HandOffs.note(.caller)
                callers[ticket] = continuation
                receive(event(ticket))
            }
        } onCancel: {
            // After the lines above: they run on this loop.
            loop.execute { self.assumeIsolated { $0.giveUp(ticket) } }
        }
    }

    private func giveUp(_ ticket: Ticket) {
        guard let caller = callers.removeValue(forKey: ticket) else { return }
        caller.resume(throwing: CancellationError())
        receive(.cancel(ticket))
    }

    // MARK: Turns

    /// Effects that are done on the spot may bring the next event: it waits for its turn.
    private func receive(_ event: Event) {
        guard outcome == nil else { return }
        inbox.append(event)
        guard !isReceiving else { return }
        isReceiving = true
        while !inbox.isEmpty {
            let events = inbox
            inbox = []
            for event in events {
                release(workflow.receive(event, at: now()))
            }
        }
        isReceiving = false
        guard !isTickEnding else { return }
        isTickEnding = true
        loop.execute { self.assumeIsolated { $0.endTick() } }
    }

    private func release(_ effects: [Effect]) {
        #if STYX_KILL_POINTS
            if KillPoint.releasesEarly {
                for effect in effects where !effect.isRecord { start(effect) }
                _ = outbox.add(effects.filter(\.isRecord))
                return
            }
        #endif
        waits?.add(effects, at: now())
        for effect in outbox.add(effects) { start(effect) }
    }

    private func start(_ effect: Effect) {
        #if STYX_KILL_POINTS
            effect.killPoints?.before.pass()
            defer { effect.killPoints?.after?.pass() }
        #endif
        switch effect {
        case .persist, .note: preconditionFailure("records belong to the outbox")
        case .answer(let ticket, let answer): callers.removeValue(forKey: ticket)?.resume(returning: answer)
        // The end of this driver: the node comes again with the new set.
        case .enterNewSet(let plan): finish(.failure(SwitchDue(plan: plan)))
        case .resolveDuties, .fetch, .sendConsensus, .sendConsensusTo, .exchangePriorities, .sign, .shareWithPeers,
            .shareWithPeer, .verify, .decodeAhead, .recover, .broadcast, .checkInclusion, .report:
            perform(effect, self)
        }
    }

    private func endTick() {
        isTickEnding = false
        guard outcome == nil else { return }
        beginCommit()
        arm()
    }

    private func beginCommit() {
        guard let (id, records) = outbox.nextCommit() else { return }
        #if STYX_KILL_POINTS
            KillPoint.commitBegins.pass()
        #endif
        waits?.begin()
        HandOffs.note(.commit)
        commit(records) { result in
            HandOffs.note(.commit)
            self.loop.execute { self.assumeIsolated { $0.committed(id, result) } }
        }
    }

    private func committed(_ id: Outbox.CommitID, _ result: Result<Void, any Error>) {
        switch result {
        case .success:
            waits?.end(at: now())
            for effect in outbox.durable(id) { start(effect) }
            beginCommit()
        // Durable before visible: nothing that waits for it ever happens, and the node stops.
        case .failure: finish(result)
        }
    }

    private func finish(_ result: Result<Void, any Error>) {
        guard outcome == nil else { return }
        outcome = result
        end?.resume(with: result)
        end = nil
    }

    /// Sets the one timer to the workflow's next wish.
    private func arm() {
        let now = now()
        let wanted = min(workflow.nextWake(after: now), now + Self.wakeEvery)
        if let timer, timer.at <= wanted, timer.at > now { return }
        timer?.task.cancel()
        let task = loop.scheduleTask(in: TimeAmount(max(.zero, wanted - now))) {
            self.assumeIsolated {
                // It has fired, whatever a clock that stepped back says.
                $0.timer = nil
                $0.receive(.wake)
            }
        }
        timer = (wanted, task)
    }
}
