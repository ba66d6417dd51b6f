import Libp2p
import Synchronization

/// Tasks that somebody answers for: cancelled at the end, and waited for.
final class OwnedTasks: Sendable {
    private struct State: Sendable {
        var running: [UInt64: Task<Void, Never>] = [:]
        var last: UInt64 = 0
        var isStopped = false
    }

    private let state = Mutex(State())

    /// Nothing after `stop`.
    func run(_ work: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            guard !state.isStopped else { return }
            state.last += 1
            let id = state.last
            HandOffs.note(.task)
            state.running[id] = Task {
                await work()
                self.state.withLock { $0.running[id] = nil }
            }
        }
    }

    func stop() async {
        let tasks = state.withLock { state in
            state.isStopped = true
            return state.running.values
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
