import AsyncHTTPClient
import BeaconAPI
import NIOCore
import NIOHTTP1

/// Passing on requests of validator clients as they are (validator-api.md §7).
extension BeaconClient {
    private static let proxyName = "proxy"

    /// Asks all nodes and answers with the first success, or with what a node said instead of one: soon after a node has
    /// refused, and of several such answers with the one that tells most.
    ///
    /// The answer to GET and HEAD is streamed. Any other request reaches every primary node: slower ones are not cut
    /// off, because what was published at one node only reaches the network later.
    ///
    /// - Throws: if no node answered at all.
    package func proxy(_ request: ProxyRequest) async throws(BeaconError) -> ProxyResponse {
        request.isSafe ? try await proxyStreaming(request) : try await proxyToAll(request)
    }

    /// Opens an event stream at one node: the best one that gives it, else answers with what a node said instead.
    ///
    /// Events may be rare, but a stream on which nothing comes for `eventIdleTimeout` ends with an error.
    package func proxyEvents(_ request: ProxyRequest) async throws(BeaconError) -> ProxyResponse {
        var errors: [BeaconError] = []
        /// An answer without a stream.
        var refusal: ProxyResponse?
        let nodes = ranking()
        for (place, node) in nodes.enumerated() {
            let isLast = place == nodes.count - 1
            let patience = isLast ? configuration.lastEventHeadTimeout : configuration.eventHeadTimeout
            do {
                let response = try await execute(request, at: node, deadline: .now() + TimeAmount(patience))
                if response.status == 200 { return response }
                refusal = Self.preferred(response, refusal)
            } catch {
                errors.append(self.error(BeaconError.Cause(transport: error), "events", node))
                if Task.isCancelled { break }
            }
        }
        if let refusal { return refusal }
        throw BeaconError.mostTelling(of: errors)
    }

    private func proxyStreaming(_ request: ProxyRequest) async throws(BeaconError) -> ProxyResponse {
        let start = ContinuousClock.now
        var record = BeaconCallRecord(endpoint: Self.proxyName, duration: .zero, usedFallback: false)
        defer {
            record.duration = start.duration(to: .now)
            configuration.observe(record)
        }
        var errors: [BeaconError] = []
        /// An answer without success.
        var refusal: ProxyResponse?
        for (isFallback, group) in groups() {
            record.usedFallback = isFallback
            let outcome = await raceStreaming(request, among: group)
            if let (node, response) = outcome.success {
                noteSuccess(node, Self.proxyName, after: start.duration(to: .now))
                record.node = nodes[node]
                return response
            }
            if let other = outcome.refusal { refusal = Self.preferred(other, refusal) }
            errors += outcome.errors
            guard !Task.isCancelled, BeaconError.callForFallback(outcome.errors) else { break }
        }
        if let refusal { return refusal }
        let failure =
            errors.isEmpty ? error(.cancelled, Self.proxyName, nil) : BeaconError.mostTelling(of: errors)
        record.error = failure
        throw failure
    }

    /// Whom to ask one after the other, and whether fallback nodes are among them. Nobody waits for primaries that are
    /// known to be out of reach.
    private func groups() -> [(Bool, [Int])] {
        func usable(_ group: Range<Int>) -> [Int] {
            let (following, idle) = self.usable(group)
            return following.isEmpty ? idle : following
        }
        let (primaries, fallbacks) = (usable(0..<primaryCount), usable(primaryCount..<nodes.count))
        let areOut = health.withLock { health in primaries.allSatisfy { health.isOut($0) } }
        if areOut, !fallbacks.isEmpty { return [(true, primaries + fallbacks)] }
        return [(false, primaries), (true, fallbacks)].filter { !$0.1.isEmpty }
    }

    private struct Outcome: Sendable {
        var success: (node: Int, ProxyResponse)?
        var refusal: ProxyResponse?
        /// One for each node without success, those of refusals included.
        var errors: [BeaconError] = []
    }

    private enum Arrival: Sendable {
        case answer(node: Int, Result<ProxyResponse, any Error>)
        /// Nobody is waited for any more.
        case overdue
    }

    private func raceStreaming(_ request: ProxyRequest, among group: [Int]) async -> Outcome {
        let deadline = NIODeadline.now() + TimeAmount(configuration.proxyTimeout)
        return await withTaskGroup(of: Arrival.self) { tasks in
            for node in group {
                tasks.addTask {
                    do {
                        return .answer(
                            node: node, .success(try await self.execute(request, at: node, deadline: deadline)))
                    } catch {
                        return .answer(node: node, .failure(error))
                    }
                }
            }
            defer { tasks.cancelAll() }
            var outcome = Outcome()
            var isImpatient = false
            while outcome.errors.count < group.count, case .answer(let node, let result)? = await tasks.next() {
                do {
                    let response = try result.get()
                    guard !(200..<300).contains(response.status) else {
                        outcome.success = (node, response)
                        return outcome
                    }
                    outcome.refusal = Self.preferred(response, outcome.refusal)
                    throw Self.cause(response)
                } catch {
                    outcome.errors.append(noteFailure(error, Self.proxyName, node))
                }
                guard !isImpatient, outcome.errors.contains(where: { $0.cause.isRefusal }) else { continue }
                isImpatient = true
                tasks.addTask {
                    try? await self.configuration.sleep(self.configuration.refusalPatience)
                    return .overdue
                }
            }
            return outcome
        }
    }

    private static func cause(_ response: ProxyResponse) -> BeaconError.Cause {
        .status(APIErrorBody(code: response.status, message: ""), httpStatus: response.status)
    }

    /// Of two answers without success: what a node refuses tells more than what it is not able to do. The earlier of
    /// equals.
    private static func preferred(_ new: ProxyResponse, _ old: ProxyResponse?) -> ProxyResponse {
        guard let old, cause(old).isRefusal || !cause(new).isRefusal else { return new }
        return old
    }

    /// The head of one node's answer, the body to follow.
    private func execute(
        _ request: ProxyRequest, at node: Int, deadline: NIODeadline
    ) async throws -> ProxyResponse {
        var outgoing = HTTPClientRequest(url: nodes[node].url(request.target))
        outgoing.method = HTTPMethod(rawValue: request.method)
        outgoing.headers = headers(Self.forwarded(request.headers), for: node)
        if !request.body.isEmpty { outgoing.body = .bytes(ByteBuffer(bytes: request.body)) }
        let response: HTTPClientResponse
        do {
            response = try await proxyHTTP.execute(outgoing, deadline: deadline)
        } catch let error as HTTPClientError where error == .remoteConnectionClosed && request.isSafe {
            // Most likely the node closed an idle connection at the instant we used it again.
            response = try await proxyHTTP.execute(outgoing, deadline: deadline)
        }
        return ProxyResponse(
            status: Int(response.status.code), headers: response.headers.headerFields.endToEnd(),
            body: response.body.map { Array($0.readableBytesView) })
    }

    private func proxyToAll(_ request: ProxyRequest) async throws(BeaconError) -> ProxyResponse {
        let share = proxyAnswers.share()
        let outgoing = OutgoingRequest(
            name: Self.proxyName, method: HTTPMethod(rawValue: request.method), target: request.target,
            headers: Self.forwarded(request.headers), body: ByteBuffer(bytes: request.body),
            timeout: configuration.proxyTimeout,
            answerBytesMax: configuration.proxyAnswerBytesMax, reachesAllNodes: true, asksAllNodes: true,
            refusalPatience: configuration.refusalPatience, share: share)
        var refusal: HTTPClient.Response?
        var isRefused = false
        do {
            return try await firstSuccess(outgoing, by: proxyHTTP) { response in
                let status = Int(response.status.code)
                guard (200..<300).contains(status) else {
                    let body = response.body?.readableBytesView ?? ByteBufferView()
                    let cause = BeaconError.Cause.status(
                        APIErrorBody(lenient: body, status: status), httpStatus: status)
                    if refusal == nil || cause.isRefusal && !isRefused {
                        refusal = response
                        isRefused = cause.isRefusal
                    }
                    throw cause
                }
                return Self.response(response, holding: share)
            }
        } catch {
            guard let refusal else {
                share.giveBack()
                throw error
            }
            return Self.response(refusal, holding: share)
        }
    }

    /// - Parameter share: kept until the body is written or dropped.
    private static func response(_ response: HTTPClient.Response, holding share: ByteBudget.Share) -> ProxyResponse {
        let body = response.body.map { Array($0.readableBytesView) } ?? []
        return ProxyResponse(
            status: Int(response.status.code), headers: response.headers.headerFields.endToEnd(),
            body: ProxyBody(chunks: body.isEmpty ? [] : [body], holding: share))
    }

    /// Without what concerns the validator client's connection only. The host is the node's, the length is set anew,
    /// `Expect` has been answered already, and what a client proves itself with is meant for us, not for beacon nodes.
    private static func forwarded(_ headers: HeaderFields) -> HeaderFields {
        var fields = headers.endToEnd()
        for name in ["host", HeaderName.contentLength, "expect", HeaderName.authorization, "cookie"] {
            fields.remove(name)
        }
        return fields
    }
}
