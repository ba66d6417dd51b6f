import AsyncHTTPClient
import BeaconAPI
import NIOCore
import NIOPosix
import Synchronization

/// One question to one node, until it is answered or fails.
///
/// A node that hangs up before it answers is asked once more: most likely it closed an idle connection at the instant
/// we used it again. A node that does not take or give SSZ is asked in JSON, from then on at once; to write a large body
/// again takes a while, which no event loop spends on it.
final class Exchange: Sendable {
    /// Larger bodies are written in JSON on a thread pool.
    private static let rewrittenHereMax = 64 << 10

    private enum Next {
        case end
        case repetition
        /// What came instead of an answer is not looked at.
        case json(@Sendable () -> OutgoingRequest)
    }

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
        state = Mutex(State(request: request))
        if client.prefersJSON(node), let json = request.json { rewrite(json) } else { begin() }
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
        switch next(after: result) {
        case .end: done(result)
        case .repetition: begin()
        case .json(let json):
            client.notePrefersJSON(node)
            rewrite(json)
        }
    }

    private func next(after result: Result<HTTPClient.Response, any Error>) -> Next {
        state.withLock { state in
            guard !state.isCancelled else { return .end }
            switch result {
            case .failure(let error):
                guard error as? HTTPClientError == .remoteConnectionClosed, state.mayRepeat else { return .end }
                state.mayRepeat = false
                return .repetition
            case .success(let response):
                guard [.notAcceptable, .unsupportedMediaType].contains(response.status), let json = state.request.json
                else { return .end }
                state.request.share?.giveBack(response.body?.readableBytes ?? 0)
                return .json(json)
            }
        }
    }

    /// Begins again in JSON; there is no other form after it.
    private func rewrite(_ json: @escaping @Sendable () -> OutgoingRequest) {
        let bytes = state.withLock { $0.request.body?.readableBytes ?? 0 }
        guard bytes > Self.rewrittenHereMax else { return begin(json()) }
        // Nobody shuts this pool down; whoever has cancelled meanwhile is told by the exchange that begins.
        NIOThreadPool.singleton.submit { _ in self.begin(json()) }
    }

    private func begin(_ request: OutgoingRequest) {
        state.withLock { $0.request = request }
        begin()
    }
}
