import AsyncHTTPClient
import BeaconAPI
import NIOCore
import NIOHTTP1
import Synchronization

/// A request that any node can be asked.
struct OutgoingRequest: Sendable {
    /// For metrics, logs and errors.
    var name: String
    var method: HTTPMethod
    /// Path and query.
    var target: String
    var headers: HeaderFields
    var body: [UInt8]?
    var timeout: Duration
    var answerBytesMax: Int
    /// Slower nodes get the request even after a faster one has answered.
    var reachesAllNodes: Bool
}

extension OutgoingRequest {
    init(_ endpoint: BeaconEndpoint, timeout: Duration) {
        self.init(
            name: endpoint.name, method: HTTPMethod(rawValue: endpoint.method.rawValue), target: endpoint.target,
            headers: endpoint.headers, body: endpoint.body, timeout: timeout,
            answerBytesMax: endpoint.answerBytesMax, reachesAllNodes: endpoint.isSubmission)
        headers.set(HeaderName.userAgent, "styx")
    }
}

extension BeaconClient {
    /// Asks all primary nodes, then perhaps the fallback nodes.
    ///
    /// - Parameters:
    ///   - node: the only one to ask, whether it may be used or not; nil for all that may be used.
    ///   - judge: makes the answer of a node a success, or throws why it is none. Called in the order in which answers
    ///     arrive.
    func firstSuccess<Answer>(
        _ request: OutgoingRequest, at node: Int? = nil, judge: (HTTPClient.Response) throws -> Answer
    ) async throws(BeaconError) -> Answer {
        let start = ContinuousClock.now
        var record = BeaconCallRecord(endpoint: request.name, duration: .zero, usedFallback: false)
        defer {
            record.duration = start.duration(to: .now)
            configuration.observe(record)
        }
        var race = node.map { NodeRace(primaries: [$0], fallbacks: []) } ?? race()
        var answer: Answer?
        let failure = await run(&race, request) { response throws(BeaconError.Cause) in
            do { answer = try judge(response) } catch { throw BeaconError.Cause(transport: error) }
        } won: { node in
            record.node = nodes[node]
        }
        record.usedFallback = race.usesFallback
        if let answer { return answer }
        let error = failure.flatMap { Task.isCancelled ? nil : $0 } ?? error(.cancelled, request.name, nil)
        record.error = error
        throw error
    }

    /// Runs a race to its end. Returns the error of all nodes; nil after a success, or if the task was cancelled.
    private func run(
        _ race: inout NodeRace, _ request: OutgoingRequest,
        judge: (HTTPClient.Response) throws(BeaconError.Cause) -> Void, won: (Int) -> Void
    ) async -> BeaconError? {
        typealias Arrival = (node: Int, result: Result<HTTPClient.Response, any Error>)
        // Each node arrives twice at most.
        let (arrivals, arrive) = AsyncStream.makeStream(
            of: Arrival.self, bufferingPolicy: .bufferingOldest(2 * nodes.count))
        let exchanges = Exchanges()
        func begin(_ node: Int, _ deadline: NIODeadline) {
            do {
                let exchange = try start(request, at: node, by: http, deadline: deadline)
                exchange.futureResult.whenComplete { arrive.yield((node, $0)) }
                exchanges.add(exchange)
            } catch {
                arrive.yield((node, .failure(error)))
            }
        }
        var deadline = NIODeadline.now() + TimeAmount(request.timeout)
        for node in race.start() { begin(node, deadline) }
        // Closures run by the event loop drive the exchanges, so those of a submission outlive this function.
        let stop: @Sendable () -> Void = {
            arrive.finish()
            if !request.reachesAllNodes { exchanges.cancel() }
        }
        defer { stop() }
        return await withTaskCancellationHandler {
            for await (node, result) in arrivals {
                do {
                    try judge(result.get())
                    noteSuccess(node)
                    won(node)
                    return nil
                } catch let error as HTTPClientError where error == .remoteConnectionClosed && race.mayAskAgain(node) {
                    begin(node, deadline)
                } catch {
                    switch race.failed(noteFailure(error, request.name, node)) {
                    case .wait: continue
                    case .over(let failure): return failure
                    case .ask(let fallbacks):
                        guard !Task.isCancelled else { return nil }
                        deadline = NIODeadline.now() + TimeAmount(request.timeout)
                        for node in fallbacks { begin(node, deadline) }
                    }
                }
            }
            return nil
        } onCancel: {
            stop()
        }
    }

    /// - Parameter client: its event loops carry the exchange.
    func start(
        _ request: OutgoingRequest, at node: Int, by client: HTTPClient, deadline: NIODeadline
    ) throws -> HTTPClient.Task<HTTPClient.Response> {
        let outgoing = try HTTPClient.Request(
            url: nodes[node].url(request.target), method: request.method, headers: headers(request.headers, for: node),
            body: request.body.map { .byteBuffer(ByteBuffer(bytes: $0)) })
        let accumulator = ResponseAccumulator(request: outgoing, maxBodySize: request.answerBytesMax)
        return client.execute(request: outgoing, delegate: accumulator, deadline: deadline)
    }
}

/// The exchanges of one race.
private final class Exchanges: Sendable {
    private let state = Mutex<(tasks: [HTTPClient.Task<HTTPClient.Response>], isCancelled: Bool)>(([], false))

    func add(_ task: HTTPClient.Task<HTTPClient.Response>) {
        let isCancelled = state.withLock { state in
            state.tasks.append(task)
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    func cancel() {
        let tasks = state.withLock { state in
            state.isCancelled = true
            return state.tasks
        }
        for task in tasks { task.cancel() }
    }
}
