import AsyncHTTPClient
import BeaconAPI
import NIOCore
import Synchronization

/// One question to one node, until it is answered or fails.
///
/// A node that hangs up before it answers is asked once more: most likely it closed an idle connection at the instant
/// we used it again. A node that does not take or give SSZ is asked in JSON, from then on at once.
final class Exchange: Sendable {
    private struct State {
        var request: OutgoingRequest
        var task: HTTPClient.Task<HTTPClient.Response>?
        var isCancelled = false
        var mayRepeat = true
    }

    let node: Int
    private let client: BeaconClient
    private let http: HTTPClient
    private let deadline: NIODeadline
    private let done: @Sendable (Result<HTTPClient.Response, any Error>) -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - http: its event loops carry the exchange.
    ///   - done: called once, later, on one of these loops.
    init(
        _ client: BeaconClient, _ request: OutgoingRequest, at node: Int, by http: HTTPClient, deadline: NIODeadline,
        done: @escaping @Sendable (Result<HTTPClient.Response, any Error>) -> Void
    ) {
        self.client = client
        self.node = node
        self.http = http
        self.deadline = deadline
        self.done = done
        let plain = client.prefersJSON(node) ? request.json?() : nil
        state = Mutex(State(request: plain ?? request))
        begin()
    }

    func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }

    private func begin() {
        do {
            let request = state.withLock { $0.request }
            let task = try client.start(request, at: node, by: http, deadline: deadline)
            let isCancelled = state.withLock { state in
                state.task = task
                return state.isCancelled
            }
            if isCancelled { task.cancel() }
            task.futureResult.whenComplete { self.arrived($0) }
        } catch {
            // Never before the caller has its exchange in hand.
            http.eventLoopGroup.next().execute { self.done(.failure(error)) }
        }
    }

    private func arrived(_ result: Result<HTTPClient.Response, any Error>) {
        if isWorthRepeating(result) { begin() } else { done(result) }
    }

    private func isWorthRepeating(_ result: Result<HTTPClient.Response, any Error>) -> Bool {
        state.withLock { state in
            guard !state.isCancelled else { return false }
            switch result {
            case .failure(let error):
                guard error as? HTTPClientError == .remoteConnectionClosed, state.mayRepeat else { return false }
                state.mayRepeat = false
                return true
            case .success(let response):
                guard [.notAcceptable, .unsupportedMediaType].contains(response.status), let json = state.request.json
                else { return false }
                client.notePrefersJSON(node)
                state.request = json()
                return true
            }
        }
    }
}
