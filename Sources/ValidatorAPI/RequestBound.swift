import NIOCore

/// Runs the work of a request until it is done, its time is up, or there is nobody left to answer.
struct RequestBound: Sendable {
    let scope: ConnectionScope?
    let loop: any EventLoop
    /// Nil for event streams.
    let deadline: NIODeadline?

    /// The same, but for the end.
    func ending(earlierBy earlier: Duration) -> RequestBound {
        RequestBound(scope: scope, loop: loop, deadline: deadline.map { $0 - TimeAmount(earlier) })
    }

    /// The earlier of its own end and `duration` from now.
    func endingWithin(_ duration: Duration) -> RequestBound {
        let end = NIODeadline.now() + TimeAmount(duration)
        return RequestBound(scope: scope, loop: loop, deadline: deadline.map { min($0, end) } ?? end)
    }

    /// - Throws: `Interruption`, or what the work throws. The work is cancelled then, and waited for.
    func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let (interruptions, interrupt) = AsyncStream.makeStream(
            of: Interruption.self, bufferingPolicy: .bufferingOldest(1))
        let timer = deadline.map { loop.scheduleTask(deadline: $0) { _ = interrupt.yield(.timeout) } }
        let watch = scope?.watch { interrupt.yield($0) }
        defer {
            timer?.cancel()
            if let watch { scope?.unwatch(watch) }
        }
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await interruption in interruptions { throw interruption }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
