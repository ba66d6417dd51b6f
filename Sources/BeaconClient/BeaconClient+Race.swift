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
    /// - Parameter judge: makes the answer of a node a success, or throws why it is none. Called in the order in which
    ///   answers arrive.
    func firstSuccess<Answer>(
        _ request: OutgoingRequest, judge: (HTTPClient.Response) throws -> Answer
    ) async throws(BeaconError) -> Answer {
        let start = ContinuousClock.now
        var record = BeaconCallRecord(endpoint: request.name, duration: .zero, usedFallback: false)
        defer {
            record.duration = start.duration(to: .now)
            configuration.observe(record)
        }

        var errors: [BeaconError] = []
        for group in [0..<primaryCount, primaryCount..<nodes.count] where !group.isEmpty {
            record.usedFallback = group.lowerBound > 0
            if let (node, answer) = await race(request, among: group, errors: &errors, judge: judge) {
                recordWin(node)
                record.node = nodes[node]
                return answer
            }
            guard !Task.isCancelled, BeaconError.callForFallback(errors) else { break }
        }
        let failure =
            Task.isCancelled || errors.isEmpty
            ? error(.cancelled, request.name, nil) : BeaconError.mostTelling(of: errors)
        record.error = failure
        throw failure
    }

    /// The first success among these nodes with the node's number; nil if all failed or the task was cancelled.
    private func race<Answer>(
        _ request: OutgoingRequest, among group: Range<Int>, errors: inout [BeaconError],
        judge: (HTTPClient.Response) throws -> Answer
    ) async -> (Int, Answer)? {
        typealias Arrival = (node: Int, result: Result<HTTPClient.Response, any Error>)
        // Each node arrives twice at most.
        let (arrivals, arrive) = AsyncStream.makeStream(
            of: Arrival.self, bufferingPolicy: .bufferingOldest(2 * group.count))
        let deadline = NIODeadline.now() + TimeAmount(request.timeout)
        let exchanges = Exchanges()
        func begin(_ node: Int) {
            do {
                let exchange = try start(request, at: node, deadline: deadline)
                exchange.futureResult.whenComplete { arrive.yield((node, $0)) }
                exchanges.add(exchange)
            } catch {
                arrive.yield((node, .failure(error)))
            }
        }
        for node in group { begin(node) }
        // Closures run by the event loop drive the exchanges, so those of a submission outlive this function.
        let stop: @Sendable () -> Void = {
            arrive.finish()
            if !request.reachesAllNodes { exchanges.cancel() }
        }
        defer { stop() }
        return await withTaskCancellationHandler {
            var missing = group.count
            var repeated: Set<Int> = []
            for await (node, result) in arrivals {
                do {
                    return (node, try judge(result.get()))
                } catch let error as HTTPClientError
                    where error == .remoteConnectionClosed && repeated.insert(node).inserted
                {
                    // Most likely the node closed an idle connection at the instant we used it again.
                    begin(node)
                    continue
                } catch {
                    let failure = self.error(BeaconError.Cause(transport: error), request.name, node)
                    logger.debug("beacon node call", metadata: ["error": "\(failure)"])
                    errors.append(failure)
                }
                missing -= 1
                if missing == 0 { break }
            }
            return nil
        } onCancel: {
            stop()
        }
    }

    private func start(
        _ request: OutgoingRequest, at node: Int, deadline: NIODeadline
    ) throws -> HTTPClient.Task<HTTPClient.Response> {
        let outgoing = try HTTPClient.Request(
            url: nodes[node].url(request.target), method: request.method, headers: headers(request.headers, for: node),
            body: request.body.map { .byteBuffer(ByteBuffer(bytes: $0)) })
        let accumulator = ResponseAccumulator(request: outgoing, maxBodySize: request.answerBytesMax)
        return http.execute(request: outgoing, delegate: accumulator, deadline: deadline)
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
