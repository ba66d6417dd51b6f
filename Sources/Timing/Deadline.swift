/// The work took longer than it may.
package struct DeadlineExceeded: Error, Equatable, Sendable {
    package init() {}
}

/// Runs `work` and cancels it after `timeout`.
///
/// - Throws: `DeadlineExceeded` when the time was over first; else what `work` throws.
package func withDeadline<T: Sendable>(
    _ timeout: Duration, _ work: @escaping @Sendable () async throws -> T
) async throws -> T {
    try await withThrowingTaskGroup(of: T.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: timeout)
            throw DeadlineExceeded()
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}
