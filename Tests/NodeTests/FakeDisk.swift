import DutyWorkflow
import Synchronization

/// A disk whose commits wait until the test lets them through.
final class FakeDisk: Sendable {
    typealias Done = @Sendable (Result<Void, any Error>) -> Void
    struct Full: Error {}
    private struct State {
        var open: [(records: [Record], done: Done)] = []
        var arrivals: [CheckedContinuation<Void, Never>] = []
        var isFree = false
    }
    private let state = Mutex(State())

    func commit(_ records: [Record], _ done: @escaping Done) {
        let (waiting, isFree) = state.withLock { state in
            defer { state.arrivals = [] }
            if !state.isFree { state.open.append((records, done)) }
            return (state.arrivals, state.isFree)
        }
        if isFree { done(.success(())) }
        for waiter in waiting { waiter.resume() }
    }

    var waiting: Int { state.withLock { $0.open.count } }

    /// The oldest commit, when there is one.
    func next() async -> (records: [Record], done: Done) {
        while true {
            if let first = state.withLock({ $0.open.isEmpty ? nil : $0.open.removeFirst() }) { return first }
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.open.isEmpty { state.arrivals.append(continuation) }
                    return !state.open.isEmpty
                }
                if isThere { continuation.resume() }
            }
        }
    }

    /// From now on everything is written at once.
    func free() {
        let open = state.withLock { state in
            state.isFree = true
            defer { state.open = [] }
            return state.open
        }
        for commit in open { commit.done(.success(())) }
    }
}
