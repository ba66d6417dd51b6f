import BeaconAPI
import Timing

/// What we are waiting for, to be told to the operator.
package struct BeaconWait: Sendable, CustomStringConvertible {
    /// Why the last attempt gave nothing.
    package var error: BeaconError
    /// Failed attempts so far, from 1.
    package var attempt: Int
    package var nextAttemptIn: Duration

    package var description: String { "waiting for a beacon node: \(error)" }
}

extension BeaconClient {
    /// Makes a call until it succeeds: 100 ms between attempts growing to 5 s.
    ///
    /// Start-up waits with this, so that beacon nodes may come up in any order and at any time.
    ///
    /// - Parameter report: called before each pause.
    /// - Throws: only if the task is cancelled.
    package func untilAnswered<Answer: Sendable>(
        report: @Sendable (BeaconWait) -> Void,
        _ call: @Sendable (BeaconClient) async throws(BeaconError) -> Answer
    ) async throws(CancellationError) -> Answer {
        var attempt = 0
        var random = SystemRandomNumberGenerator()
        while true {
            do throws(BeaconError) {
                return try await call(self)
            } catch {
                guard !Task.isCancelled else { throw CancellationError() }
                attempt += 1
                let pause = Backoff.fast.delay(attempt: attempt, random: &random)
                report(BeaconWait(error: error, attempt: attempt, nextAttemptIn: pause))
                do {
                    try await configuration.sleep(pause)
                } catch {
                    throw CancellationError()
                }
            }
        }
    }

    /// Waits until a node follows the chain.
    package func untilSynced(report: @Sendable (BeaconWait) -> Void) async throws(CancellationError) -> SyncingStatus {
        try await untilAnswered(report: report) { client throws(BeaconError) in
            let status = try await client.syncing()
            guard !status.isSyncing else {
                throw BeaconError(endpoint: BeaconEndpoint.syncing.name, node: "", cause: .syncing)
            }
            return status
        }
    }
}
