import AsyncHTTPClient
import NIOCore
import Synchronization

/// The exchanges of one call, with several nodes.
final class Exchanges: Sendable {
    private struct State {
        var all: [Exchange] = []
        var open = 0
        var isCancelled = false
        var isAbandoned = false
        /// Called when the last one has ended.
        var ended: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Asks one node more. Arguments as for `Exchange`.
    func begin(
        _ client: BeaconClient, _ request: OutgoingRequest, at node: Int, by http: HTTPClient, deadline: NIODeadline,
        done: @escaping @Sendable (Result<HTTPClient.Response, any Error>) -> Void
    ) {
        state.withLock { $0.open += 1 }
        let exchange = Exchange(client, request, at: node, by: http, deadline: deadline) { result in
            done(result)
            self.hasEnded()
        }
        let isCancelled = state.withLock { state in
            state.all.append(exchange)
            return state.isCancelled
        }
        if isCancelled { exchange.cancel() }
    }

    private func hasEnded() {
        let ended = state.withLock { state in
            state.open -= 1
            guard state.open == 0 else { return nil as (@Sendable () -> Void)? }
            defer { state.ended = nil }
            return state.ended
        }
        ended?()
    }

    func cancel() {
        let all = state.withLock { state in
            state.isCancelled = true
            return state.all
        }
        for exchange in all { exchange.cancel() }
    }

    /// - Returns: whether this is the first call: several ways lead to the end of a race.
    func abandon() -> Bool {
        state.withLock { state in
            defer { state.isAbandoned = true }
            return !state.isAbandoned
        }
    }

    /// - Parameter ended: called when the last of those under way has ended; at once if none is.
    func whenEnded(_ ended: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if state.open > 0 { state.ended = ended }
            return state.open == 0
        }
        if isOver { ended() }
    }
}
