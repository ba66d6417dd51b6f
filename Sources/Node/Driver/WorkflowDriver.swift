import DutyWorkflow
import Ethereum
import Logging
import NIOCore
import Storage
import Synchronization

/// Feeds events to the workflow and performs its effects. The only owner of duty state.
///
/// One turn: take every waiting event, let the workflow decide, commit all records in one transaction, and only then
/// do anything that others can see. What arrives during a commit makes up the next turn, so commits group themselves.
package actor WorkflowDriver {
    /// How effects are done. Results come back through `post`.
    package struct Handlers: Sendable {
        package var resolveDuties: @Sendable (Epoch) async -> Event
        package var fetchAttestationData: @Sendable (Duty, [CommitteeIndex]) async -> Event
        package var sendConsensus: @Sendable (ConsensusMessage) async -> Void
        package var sign: @Sendable (Duty, UnsignedDataSet) async -> Event
        package var shareWithPeers: @Sendable (Duty, ParSignedDataSet) async -> Void
        package var recover: @Sendable (Duty, [PubKey: [ParSignedData]]) async -> Event
        package var broadcast: @Sendable (Duty, SignedDataSet) async -> Event
        package var report: @Sendable (Report) -> Void

        package init(
            resolveDuties: @escaping @Sendable (Epoch) async -> Event,
            fetchAttestationData: @escaping @Sendable (Duty, [CommitteeIndex]) async -> Event,
            sendConsensus: @escaping @Sendable (ConsensusMessage) async -> Void,
            sign: @escaping @Sendable (Duty, UnsignedDataSet) async -> Event,
            shareWithPeers: @escaping @Sendable (Duty, ParSignedDataSet) async -> Void,
            recover: @escaping @Sendable (Duty, [PubKey: [ParSignedData]]) async -> Event,
            broadcast: @escaping @Sendable (Duty, SignedDataSet) async -> Event,
            report: @escaping @Sendable (Report) -> Void
        ) {
            self.resolveDuties = resolveDuties
            self.fetchAttestationData = fetchAttestationData
            self.sendConsensus = sendConsensus
            self.sign = sign
            self.shareWithPeers = shareWithPeers
            self.recover = recover
            self.broadcast = broadcast
            self.report = report
        }
    }

    private var workflow: Workflow
    private let commit: @Sendable ([Record]) async throws -> Void
    private let handlers: Handlers
    private let loop: any EventLoop
    private let now: @Sendable () -> Instant
    private let inbox = Inbox()
    private let callers = Callers()
    /// Records in the order the workflow made them, not yet on disk: only notes, between turns.
    private var unwritten: [Record] = []
    private var timer: (at: Instant, task: Scheduled<Void>)?

    /// The wall clock may step: it is looked at again at least this often.
    private static let wakeEvery: Duration = .seconds(1)
    /// Notes are worth a commit of their own once there are this many.
    private static let notesMax = 256

    package init(
        workflow: Workflow, journal: Journal, handlers: Handlers, loop: any EventLoop,
        now: @escaping @Sendable () -> Instant = SystemClock.now
    ) {
        self.workflow = workflow
        commit = { try await journal.commit($0) }
        self.handlers = handlers
        self.loop = loop
        self.now = now
    }

    // MARK: Running

    /// Ends when cancelled; throws when the journal cannot be written, because nothing may be signed then.
    package func run(restoring snapshot: JournalSnapshot) async throws {
        defer {
            inbox.close()
            callers.failAll()
        }
        try await withTaskCancellationHandler {
            try await withThrowingDiscardingTaskGroup { group in
                try await perform(workflow.restore(snapshot, at: now()), &group)
                inbox.post(.wake)
                while !Task.isCancelled {
                    let events = await inbox.next()
                    guard !events.isEmpty else { break }
                    var effects: [Effect] = []
                    for event in events { effects += workflow.receive(event, at: now()) }
                    try await perform(effects, &group)
                    arm()
                }
                timer?.task.cancel()
                group.cancelAll()
            }
        } onCancel: {
            inbox.close()
        }
        if !unwritten.isEmpty { try await commit(unwritten) }
    }

    package nonisolated func post(_ event: Event) { inbox.post(event) }

    /// A peer's event. Returns when the workflow took it.
    package nonisolated func deliver(_ event: Event) async { await inbox.deliver(event) }

    // MARK: Questions from outside

    /// Waits until the cluster decided; cancelling the task gives the wait up.
    package nonisolated func answer(_ query: Query) async throws -> Answer {
        try await callers.wait(
            ask: { inbox.post(.query($0, query)) }, giveUp: { inbox.post(.cancel($0)) })
    }

    /// Our validator client's partial signatures, already verified. The answer comes once they are durable.
    package nonisolated func submit(_ duty: Duty, _ set: ParSignedDataSet) async throws -> Answer {
        try await callers.wait(ask: { inbox.post(.localPartials(duty, set, $0)) }, giveUp: { _ in })
    }

    // MARK: Effects

    private func perform(_ effects: [Effect], _ group: inout ThrowingDiscardingTaskGroup<any Error>) async throws {
        var mustBeDurable = false
        for effect in effects {
            switch effect {
            case .persist(let record):
                unwritten.append(record)
                mustBeDurable = true
            case .note(let record): unwritten.append(record)
            default: break
            }
        }
        if mustBeDurable || unwritten.count >= Self.notesMax {
            let records = unwritten
            unwritten = []
            // Durable before visible: if this throws, nothing below happens, and the node stops.
            try await commit(records)
        }
        for effect in effects { start(effect, &group) }
    }

    private func start(_ effect: Effect, _ group: inout ThrowingDiscardingTaskGroup<any Error>) {
        switch effect {
        case .persist, .note: break
        case .answer(let ticket, let answer): callers.resume(ticket, answer)
        case .report(let report): handlers.report(report)
        case .sendConsensus(let message), .sendConsensusTo(_, let message):
            group.addTask { await self.handlers.sendConsensus(message) }
        case .resolveDuties(let epoch): work(&group) { await self.handlers.resolveDuties(epoch) }
        case .fetchAttestationData(let duty, let committees):
            work(&group) { await self.handlers.fetchAttestationData(duty, committees) }
        case .sign(let duty, let set): work(&group) { await self.handlers.sign(duty, set) }
        case .shareWithPeers(let duty, let set):
            work(&group) {
                await self.handlers.shareWithPeers(duty, set)
                return .shared(duty, set.keys.sorted())
            }
        case .recover(let duty, let groups): work(&group) { await self.handlers.recover(duty, groups) }
        case .broadcast(let duty, let set): work(&group) { await self.handlers.broadcast(duty, set) }
        }
    }

    private func work(
        _ group: inout ThrowingDiscardingTaskGroup<any Error>, _ body: @escaping @Sendable () async -> Event
    ) {
        group.addTask { [inbox] in
            let event = await body()
            inbox.post(event)
        }
    }

    /// Sets the one timer to the workflow's next wish.
    private func arm() {
        let now = now()
        let wanted = min(workflow.nextWake(after: now), now + Self.wakeEvery)
        if let timer, timer.at <= wanted, timer.at > now { return }
        timer?.task.cancel()
        let delay = max(.zero, wanted - now)
        let task = loop.scheduleTask(in: TimeAmount(delay)) { [inbox] () -> Void in inbox.post(.wake) }
        timer = (wanted, task)
    }
}

/// Callers that wait for an answer of the workflow.
private final class Callers: Sendable {
    private struct State: Sendable {
        var next: UInt64 = 0
        var waiting: [Ticket: CheckedContinuation<Answer, any Error>] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    func wait(ask: @Sendable (Ticket) -> Void, giveUp: @Sendable (Ticket) -> Void) async throws -> Answer {
        let ticket = state.withLock { state in
            state.next += 1
            return Ticket(state.next)
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOpen = state.withLock { state in
                    guard !state.isClosed, !Task.isCancelled else { return false }
                    state.waiting[ticket] = continuation
                    return true
                }
                if isOpen { ask(ticket) } else { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            giveUp(ticket)
            take(ticket)?.resume(throwing: CancellationError())
        }
    }

    func resume(_ ticket: Ticket, _ answer: Answer) { take(ticket)?.resume(returning: answer) }

    func failAll() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume(throwing: CancellationError()) }
    }

    private func take(_ ticket: Ticket) -> CheckedContinuation<Answer, any Error>? {
        state.withLock { $0.waiting.removeValue(forKey: ticket) }
    }
}
