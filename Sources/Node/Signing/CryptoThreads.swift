import Libp2p
import NIOPosix
import Synchronization

/// Threads of our own for BLS: pairings take milliseconds and must stall neither sockets nor the cooperative pool.
///
/// One closure goes in; it runs on a worker and hands its outcome on from there. Urgent jobs overtake others but
/// interrupt none, so a job that is not urgent takes 10 ms at most: longer ones submit their rest anew.
package final class CryptoThreads: Sendable {
    package enum Priority: CaseIterable, Sendable {
        /// Our own client's signatures, signing, recovery.
        case own
        /// Decoding what will soon be needed.
        case ahead
        /// Verification of what suspects sent.
        case suspect
    }

    /// About one per core.
    package let count: Int
    private let pool: NIOThreadPool
    private let jobs = Mutex(JobQueue<@Sendable () -> Void>())

    /// - Parameter threads: about one per core.
    package init(threads: Int) {
        count = max(1, threads)
        pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
    }

    /// Never refuses: who submits bounds what it has waiting. Dropped after `shutdown`.
    ///
    /// The one way to these threads from the duty path: a hand-off each.
    package func submit(_ priority: Priority, _ job: @escaping @Sendable () -> Void) {
        HandOffs.note(.worker)
        jobs.withLock { $0.add(job, priority) }
        // As many turns as jobs; which job a turn takes is decided when it comes.
        pool.submit { [self] state in
            guard case .active = state, let next = jobs.withLock({ $0.next() }) else { return }
            next()
        }
    }

    /// Splits `count` items into parts of about equal size, `most` at most, and as many as there are threads unless
    /// parts would fall below `least`; `done` gets the parts' values in their order, on the worker that was last.
    func split<Value: Sendable>(
        _ count: Int, least: Int, most: Int, _ priority: Priority,
        _ work: @escaping @Sendable (Range<Int>) -> Value, done: @escaping @Sendable ([Value]) -> Void
    ) {
        let ranges = Self.parts(of: count, threads: self.count, least: least, most: most)
        gather(ranges.map { range in { work(range) } }, priority, done: done)
    }

    /// Runs all of `work`; `done` gets the values in their order, on the worker that was last, or on the caller's
    /// thread if there is no work.
    func gather<Value: Sendable>(
        _ work: [@Sendable () -> Value], _ priority: Priority, done: @escaping @Sendable ([Value]) -> Void
    ) {
        guard !work.isEmpty else { return done([]) }
        let gathering = Gathering(work.count, done)
        for (index, part) in work.enumerated() {
            submit(priority) { gathering.finish(index, part()) }
        }
    }

    static func parts(of count: Int, threads: Int, least: Int, most: Int) -> [Range<Int>] {
        guard count > 0 else { return [] }
        let parts = max(min(threads, count / least), (count + most - 1) / most, 1)
        return (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }
    }

    /// For start-up and tools, off the duty path: no priority.
    package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await pool.runIfActive(work)
    }

    /// Jobs that wait now, by kind.
    var waiting: [String: Int] {
        let counts = jobs.withLock { $0.counts }
        return Dictionary(uniqueKeysWithValues: Priority.allCases.map { ("\($0)", counts[$0] ?? 0) })
    }

    package func shutdown() async throws { try await pool.shutdownGracefully() }
}

/// Values of parts that end in any order.
final class Gathering<Value: Sendable>: Sendable {
    private let values: Mutex<(found: [Value?], missing: Int)>
    private let done: @Sendable ([Value]) -> Void

    init(_ count: Int, _ done: @escaping @Sendable ([Value]) -> Void) {
        values = Mutex(([Value?](repeating: nil, count: count), count))
        self.done = done
    }

    func finish(_ index: Int, _ value: Value) {
        let all: [Value]? = values.withLock { values in
            values.found[index] = value
            values.missing -= 1
            return values.missing == 0 ? values.found.compactMap { $0 } : nil
        }
        if let all { done(all) }
    }
}
