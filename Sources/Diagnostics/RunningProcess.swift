import Foundation
import Synchronization

/// Another program, as long as it runs. Ends it when the task is cancelled.
final class RunningProcess: Sendable {
    private let process: Mutex<Process>

    /// - Parameter process: not started.
    init(_ process: sending Process) { self.process = Mutex(process) }

    /// Starts it and waits for its end.
    ///
    /// - Returns: its status; the signal's number if a signal ended it.
    func untilExit() async throws -> Int32 {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                process.withLock { process in
                    process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
                    do { try process.run() } catch {
                        process.terminationHandler = nil
                        continuation.resume(throwing: error)
                    }
                }
                if Task.isCancelled { terminate() }
            }
        } onCancel: {
            terminate()
        }
    }

    private func terminate() { process.withLock { if $0.isRunning { $0.terminate() } } }
}
