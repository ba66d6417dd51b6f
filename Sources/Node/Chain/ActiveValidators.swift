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
final class ActiveValidators: Sendable {
    typealias Fetch = @Sendable ([PubKey]) async throws(BeaconError) -> [BeaconValidator]

    private struct State {
        var rows: [BeaconValidator] = []
        /// Our epoch when they were asked for.
        var askedIn: Epoch?
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
        case ask(Epoch)
        case wait
    }

    private static let pauseMax = Duration.seconds(5)
    private static let backoff = Backoff(base: .milliseconds(100), max: pauseMax, jitter: 0)

    private let pubKeys: [PubKey]
    private let clock: SlotClock
    private let now: @Sendable () -> Instant
    private let fetch: Fetch
    private let state = Mutex(State())

    init(
        pubKeys: [PubKey], clock: SlotClock, now: @escaping @Sendable () -> Instant = SystemClock.now,
        fetch: @escaping Fetch
    ) {
        self.pubKeys = pubKeys
        self.clock = clock
        self.now = now
        self.fetch = fetch
    }

    /// - Parameter observe: told of each answer.
    convenience init(
        client: BeaconClient, pubKeys: [PubKey], clock: SlotClock,
        observe: @escaping @Sendable ([BeaconValidator]) -> Void = { _ in }
    ) {
        self.init(pubKeys: pubKeys, clock: clock) { keys async throws(BeaconError) in
            let rows = try await client.validators(.pubKeys(keys))
            observe(rows)
            return rows
        }
    }

    /// Validators that have duties in an epoch: active now, or active then.
    func active(in epoch: Epoch) async throws(BeaconError) -> [ValidatorIndex: PubKey] {
        let rows = try await known().filter { row in
            row.status.isActive || (row.validator.activationEpoch <= epoch && epoch < row.validator.exitEpoch)
        }
        return Dictionary(rows.map { ($0.index, $0.validator.pubKey) }, uniquingKeysWith: { first, _ in first })
    }

    /// Those that the chain knows, by index.
    func known() async throws(BeaconError) -> [BeaconValidator] {
        while true {
            switch state.withLock({ nextStep(&$0) }) {
            case .known(let rows): return rows
            case .refused(let error): throw error
            case .ask(let epoch): return try await ask(in: epoch)
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
        let epoch = clock.epoch(of: clock.currentSlot(at: now))
        if state.askedIn == epoch { return .known(state.rows) }
        if state.isAsking { return .wait }
        // A clock that was set back must not make the pause longer.
        if let failure = state.failure, now < failure.until, failure.until - now <= Self.pauseMax {
            return .refused(failure.error)
        }
        state.isAsking = true
        return .ask(epoch)
    }

    private func ask(in epoch: Epoch) async throws(BeaconError) -> [BeaconValidator] {
        let result: Result<[BeaconValidator], BeaconError>
        do throws(BeaconError) {
            result = .success(try await fetch(pubKeys).sorted { $0.index < $1.index })
        } catch {
            result = .failure(error)
        }
        let waiters = state.withLock { state in
            switch result {
            case .success(let rows):
                state.rows = rows
                state.askedIn = epoch
                state.failure = nil
                state.backoff.reset()
            // Who gave up says nothing about the beacon node: the next caller asks.
            case .failure(let error) where error.cause == .cancelled: break
            case .failure(let error):
                var generator = SystemRandomNumberGenerator()
                state.failure = (error, now() + state.backoff.next(using: &generator))
            }
            state.isAsking = false
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
        return try result.get()
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
