import Glibc
import Synchronization

/// Hears how far long work is: after each piece, on the thread that did it, so not always in order of `done`.
/// Answers whether to go on; after a no the work fails, even if all of it is done.
package typealias WorkProgress = @Sendable (_ done: Int, _ total: Int) -> Bool

/// Pieces of work that take milliseconds to seconds each, on threads of their own: the cooperative pool and the event
/// loops never carry them. The caller's thread does its share and blocks until all is done.
enum ParallelWork {
    /// `body(0) … body(count - 1)` on up to `threads` threads; the error of the lowest number is thrown.
    static func map<Value: Sendable>(
        _ count: Int, threads: Int, progress: @escaping WorkProgress,
        _ body: @escaping @Sendable (Int) throws(ClusterError) -> Value
    ) throws(ClusterError) -> [Value] {
        let board = Board<Value>(count: count)
        if !progress(0, count) { board.stop() }
        let work: @Sendable () -> Void = {
            while let i = board.next() {
                let done = board.finish(i, Result { () throws(ClusterError) in try body(i) })
                if !progress(done, count) { board.stop() }
            }
        }
        // If the system has no more threads, those there are do all of it.
        let others = (1..<max(1, min(threads, count))).compactMap { _ in start(work) }
        work()
        for thread in others { pthread_join(thread, nil) }
        return try board.results()
    }

    private static func start(_ work: @escaping @Sendable () -> Void) -> pthread_t? {
        let job = Unmanaged.passRetained(Job(work: work))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Job>.fromOpaque(context).takeRetainedValue().work() }
                return nil
            }, job.toOpaque())
        guard code == 0 else {
            job.release()
            return nil
        }
        return thread
    }

    private final class Job: Sendable {
        let work: @Sendable () -> Void
        init(work: @escaping @Sendable () -> Void) { self.work = work }
    }
}

/// What is taken, done and failed.
private final class Board<Value: Sendable>: Sendable {
    private struct State {
        var next = 0
        var done = 0
        var isStopped = false
        var results: [Result<Value, ClusterError>?]
    }

    private let state: Mutex<State>
    private let count: Int

    init(count: Int) {
        self.count = count
        state = Mutex(State(results: Array(repeating: nil, count: count)))
    }

    func next() -> Int? {
        state.withLock { state in
            guard state.next < count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    /// - Returns: how many are done.
    func finish(_ i: Int, _ result: Result<Value, ClusterError>) -> Int {
        state.withLock { state in
            state.results[i] = result
            state.done += 1
            // After a failure the rest is wasted work.
            if case .failure = result { state.next = count }
            return state.done
        }
    }

    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.next = count
        }
    }

    func results() throws(ClusterError) -> [Value] {
        let (results, isStopped) = state.withLock { ($0.results, $0.isStopped) }
        for case .failure(let error)? in results { throw error }
        guard !isStopped else { throw .field("keystores", "stopped before all were done") }
        var values: [Value] = []
        values.reserveCapacity(count)
        for case .success(let value)? in results { values.append(value) }
        return values
    }
}
