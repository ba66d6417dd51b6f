import NIOPosix

/// Threads of our own for BLS: pairings take milliseconds and must stall neither sockets nor the cooperative pool.
package final class CryptoThreads: Sendable {
    private let pool: NIOThreadPool

    /// - Parameter threads: about one per core.
    package init(threads: Int) {
        pool = NIOThreadPool(numberOfThreads: max(1, threads))
        pool.start()
    }

    package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await pool.runIfActive(work)
    }

    /// Queues work whose outcome is reported by other means. Dropped after `shutdown`.
    func enqueue(_ work: @escaping @Sendable () -> Void) {
        pool.submit { state in
            if case .active = state { work() }
        }
    }

    package func shutdown() async throws { try await pool.shutdownGracefully() }
}
