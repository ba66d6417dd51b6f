import BeaconAPI
import BeaconClient
import Ethereum
import Program
import SSZ
import Synchronization
import Timing

/// The cluster's validators as the chain sees them. Source: workflow.md §5.3, §15.4.
///
/// Asked for once in each epoch of our own clock: neither the epoch that a caller is interested in nor validators that
/// are not deposited yet cause questions. Callers at the same time share one, and after a failure the next one waits.
///
/// The chain forgets no validator, so one that was known and is missing from an answer is that node's fault: all nodes
/// are asked for it. If none knows it, or the chain is said to know none of ours, the next slot asks again.
final class ActiveValidators: Sendable {
    typealias Fetch = @Sendable ([PubKey]) async throws(BeaconError) -> [BeaconValidator]
    /// What each node says.
    typealias FetchEach = @Sendable ([PubKey]) async -> [[BeaconValidator]]

    private struct State {
        var rows: [BeaconValidator] = []
        /// Keys that no node knows.
        var absent: Set<PubKey> = []
        /// Our epoch when they were asked for.
        var askedIn: Epoch?
        /// Our slot when that was asked for the last time, if the answer is not to be believed.
        var doubtedIn: Slot?
        /// Those of which was told that a node lacks them.
        var lacking: Set<PubKey> = []
        /// Our slot when the chain last left a branch.
        var forgottenIn: Slot?
        var failure: (error: BeaconError, until: Instant)?
        var backoff = ActiveValidators.backoff
        var isAsking = false
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private enum Step {
        case known([BeaconValidator])
        case refused(BeaconError)
        case ask(Slot)
        case wait
    }

    private struct Reply: Sendable {
        var rows: [BeaconValidator]
        /// Known before, and missing from the first answer.
        var lacking: Set<PubKey>
        /// In no answer.
        var absent: Set<PubKey>
        var isDoubtful: Bool
    }

    private static let pauseMax = Duration.seconds(5)
    private static let backoff = Backoff(base: .milliseconds(100), max: pauseMax, jitter: 0)

    private let pubKeys: [PubKey]
    private let clock: SlotClock
    private let now: @Sendable () -> Instant
    private let fetch: Fetch
    private let fetchEach: FetchEach
    private let lacks: @Sendable ([PubKey]) -> Void
    private let observe: @Sendable ([BeaconValidator]) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - lacks: told of validators that were known and that a node does not know; once, until they are known again.
    ///   - observe: told of what is known, after each answer.
    init(
        pubKeys: [PubKey], clock: SlotClock, now: @escaping @Sendable () -> Instant = SystemClock.now,
        fetchEach: @escaping FetchEach = { _ in [] }, lacks: @escaping @Sendable ([PubKey]) -> Void = { _ in },
        observe: @escaping @Sendable ([BeaconValidator]) -> Void = { _ in }, fetch: @escaping Fetch
    ) {
        self.pubKeys = pubKeys
        self.clock = clock
        self.now = now
        self.fetchEach = fetchEach
        self.lacks = lacks
        self.observe = observe
        self.fetch = fetch
    }

    convenience init(
        client: BeaconClient, pubKeys: [PubKey], clock: SlotClock,
        lacks: @escaping @Sendable ([PubKey]) -> Void = { _ in },
        observe: @escaping @Sendable ([BeaconValidator]) -> Void = { _ in }
    ) {
        self.init(
            pubKeys: pubKeys, clock: clock, fetchEach: { await client.validatorsOfEach($0) }, lacks: lacks,
            observe: observe,
            fetch: { keys async throws(BeaconError) in try await client.validators(.pubKeys(keys)) })
    }

    /// Validators that have duties in an epoch: active now, or active then.
    func active(in epoch: Epoch) async throws(BeaconError) -> [ValidatorIndex: PubKey] {
        let rows = try await known().filter { row in
            row.status.isActive || (row.validator.activationEpoch <= epoch && epoch < row.validator.exitEpoch)
        }
        return Dictionary(rows.map { ($0.index, $0.validator.pubKey) }, uniquingKeysWith: { first, _ in first })
    }

    /// Validators that have a vote in an epoch: whatever a beacon node says of their duties, it is wrong without them.
    func expected(in epoch: Epoch) async throws(BeaconError) -> Set<ValidatorIndex> {
        let rows = try await known().filter { row in
            row.validator.activationEpoch <= epoch && epoch < row.validator.exitEpoch
        }
        return Set(rows.map { $0.index })
    }

    /// Those that the chain knows, by index.
    func known() async throws(BeaconError) -> [BeaconValidator] {
        while true {
            switch state.withLock({ nextStep(&$0) }) {
            case .known(let rows): return rows
            case .refused(let error): throw error
            case .ask(let slot): return try await ask(in: slot)
            case .wait:
                await waitForAnswer()
                if Task.isCancelled {
                    let endpoint = BeaconEndpoint.validators(.head, .all)
                    throw BeaconError(endpoint: endpoint.name, node: "", cause: .cancelled)
                }
            }
        }
    }

    /// The chain left a branch: the next caller asks again. Once a slot: a beacon node may say so without end.
    func forget() {
        let slot = clock.currentSlot(at: now())
        state.withLock { state in
            guard state.forgottenIn != slot else { return }
            state.forgottenIn = slot
            state.askedIn = nil
        }
    }

    private func nextStep(_ state: inout State) -> Step {
        let now = now()
        let slot = clock.currentSlot(at: now)
        if state.askedIn == clock.epoch(of: slot) {
            // Who asks again keeps nobody waiting.
            if state.isAsking || state.doubtedIn == nil || state.doubtedIn == slot { return .known(state.rows) }
        }
        if state.isAsking { return .wait }
        // A clock that was set back must not make the pause longer.
        if let failure = state.failure, now < failure.until, failure.until - now <= Self.pauseMax {
            return .refused(failure.error)
        }
        state.isAsking = true
        return .ask(slot)
    }

    private func ask(in slot: Slot) async throws(BeaconError) -> [BeaconValidator] {
        let reply: Result<Reply, BeaconError>
        do throws(BeaconError) {
            reply = .success(try await completed(fetch(pubKeys)))
        } catch {
            reply = .failure(error)
        }
        let (rows, news, waiters) = state.withLock { state in
            let (rows, news) = take(reply, in: slot, &state)
            state.isAsking = false
            defer { state.waiters = [:] }
            return (rows, news, state.waiters)
        }
        for waiter in waiters.values { waiter.resume() }
        if !news.isEmpty { lacks(news.sorted()) }
        if case .success(let known) = rows, case .success = reply { observe(known) }
        return try rows.get()
    }

    /// - Returns: what to answer, and which validators a node has come to lack.
    private func take(
        _ reply: Result<Reply, BeaconError>, in slot: Slot, _ state: inout State
    ) -> (Result<[BeaconValidator], BeaconError>, Set<PubKey>) {
        let epoch = clock.epoch(of: slot)
        switch reply {
        case .success(let reply):
            let news = reply.lacking.subtracting(state.lacking)
            state.rows = reply.rows
            state.absent = reply.absent
            state.lacking = reply.lacking
            state.askedIn = epoch
            state.doubtedIn = reply.isDoubtful ? slot : nil
            state.failure = nil
            state.backoff.reset()
            return (.success(reply.rows), news)
        // Who gave up says nothing about the beacon node: the next caller asks.
        case .failure(let error) where error.cause == .cancelled: return (.failure(error), [])
        // Asked again in vain: what is known of this epoch is still known.
        case .failure where state.askedIn == epoch:
            state.doubtedIn = slot
            return (.success(state.rows), [])
        case .failure(let error):
            var generator = SystemRandomNumberGenerator()
            state.failure = (error, now() + state.backoff.next(using: &generator))
            return (.failure(error), [])
        }
    }

    /// An answer with what it leaves out: from the other nodes, else as it was known. Nobody is asked for what all nodes
    /// did not know the last time.
    private func completed(_ answer: [BeaconValidator]) async -> Reply {
        let (before, absent) = state.withLock { ($0.rows, $0.absent) }
        var rows = answer
        var missing = Set(pubKeys).subtracting(answer.map { $0.validator.pubKey })
        let lacking = missing.intersection(before.map { $0.validator.pubKey })
        let unsure = missing.subtracting(absent)
        if !unsure.isEmpty {
            for row in await fetchEach(unsure.sorted()).joined()
            where missing.remove(row.validator.pubKey) != nil { rows.append(row) }
        }
        // Who gave up has not heard them all.
        let gaveUp = Task.isCancelled && !unsure.isEmpty
        let taken = Set(rows.map { $0.index })
        let kept = before.filter { missing.contains($0.validator.pubKey) && !taken.contains($0.index) }
        rows += kept
        return Reply(
            rows: rows.sorted { $0.index < $1.index }, lacking: lacking,
            absent: gaveUp ? absent : missing.subtracting(kept.map { $0.validator.pubKey }),
            isDoubtful: gaveUp || !kept.isEmpty || rows.isEmpty && !pubKeys.isEmpty)
    }

    /// Returns when the question under way is answered, or the task cancelled.
    private func waitForAnswer() async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.isAsking, !Task.isCancelled else { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
