import AsyncHTTPClient
import BeaconAPI
import NIOCore
import NIOHTTP1

extension BeaconClient {
    /// Asks nodes until one answers well.
    ///
    /// - Parameters:
    ///   - node: the only one to ask, whether it may be used or not; nil for all that may be used.
    ///   - client: its connections are taken; nil for those of our own calls.
    ///   - judge: makes the answer of a node a success, or throws why it is none. Called in the order in which answers
    ///     arrive.
    func firstSuccess<Answer>(
        _ request: OutgoingRequest, at node: Int? = nil, by client: HTTPClient? = nil,
        judge: (HTTPClient.Response) async throws -> Answer
    ) async throws(BeaconError) -> Answer {
        try await best(request, at: node, by: client) { response in .good(try await judge(response)) }
    }

    /// Asks nodes until one answers well, and for a moment longer than it takes to get an answer that will do.
    ///
    /// - Parameter rate: like `judge`.
    func best<Answer>(
        _ request: OutgoingRequest, at node: Int? = nil, by client: HTTPClient? = nil,
        rate: (HTTPClient.Response) async throws -> Rated<Answer>
    ) async throws(BeaconError) -> Answer {
        let start = ContinuousClock.now
        var record = BeaconCallRecord(endpoint: request.name, duration: .zero, usedFallback: false)
        defer {
            record.duration = start.duration(to: .now)
            configuration.observe(record)
        }
        var race = node.map { NodeRace(node: $0) } ?? race(request)
        var answer: Answer?
        let failure = await run(&race, request, by: client ?? http) {
            response async throws(BeaconError.Cause) -> BeaconError.Cause? in
            let rated: Rated<Answer>
            do { rated = try await rate(response) } catch { throw BeaconError.Cause(transport: error) }
            switch rated {
            case .good(let good):
                answer = good
                return nil
            case .makeshift(let makeshift, let flaw):
                answer = answer ?? makeshift
                return .malformed(flaw)
            }
        } won: { node in
            record.node = nodes[node]
        }
        record.usedFallback = race.usesFallback
        if let answer { return answer }
        let error = failure.flatMap { Task.isCancelled ? nil : $0 } ?? error(.cancelled, request.name, nil)
        record.error = error
        throw error
    }

    /// What happens in a race.
    private enum Occurrence: Sendable {
        case arrival(node: Int, Result<HTTPClient.Response, any Error>)
        case late
        case overdue
        /// Nobody had a better answer than the one that will do.
        case enough
    }

    /// Runs a race to its end. Returns the error of all nodes; nil after a success, or if the task was cancelled.
    ///
    /// - Parameter judge: nil for a success. Throws why it is none, or returns what is wrong with an answer that will do
    ///   if nobody has a better one soon: it has been kept, and its node is the winner then.
    private func run(
        _ race: inout NodeRace, _ request: OutgoingRequest, by client: HTTPClient,
        judge: (HTTPClient.Response) async throws(BeaconError.Cause) -> BeaconError.Cause?, won: (Int) -> Void
    ) async -> BeaconError? {
        // Each node arrives once, and is late once; the race is overdue once.
        let (occurrences, occur) = AsyncStream.makeStream(
            of: Occurrence.self, bufferingPolicy: .bufferingOldest(3 * nodes.count + 1))
        let exchanges = Exchanges()
        var deadline = NIODeadline.now() + TimeAmount(request.timeout)
        var timer: Scheduled<Void>?
        var overdue: Scheduled<Void>?
        /// Whose answer will do, and when it has to.
        var makeshift: (node: Int, end: Scheduled<Void>)?
        func schedule(_ occurrence: Occurrence, in delay: Duration) -> Scheduled<Void> {
            loop.scheduleTask(in: TimeAmount(delay)) { _ = occur.yield(occurrence) }
        }
        func begin(_ nodes: [Int]) {
            for node in nodes {
                exchanges.begin(self, request, at: node, by: client, deadline: deadline) { result in
                    if case .terminated = occur.yield(.arrival(node: node, result)) {
                        self.noteLateArrival(request, node, result)
                    }
                }
            }
            timer?.cancel()
            timer = race.lateAt.map { schedule(.late, in: ContinuousClock.now.duration(to: $0)) }
        }
        begin(race.start(at: .now))
        // Closures run by the event loop drive the exchanges, so those of a submission outlive this function.
        let stop: @Sendable () -> Void = {
            occur.finish()
            self.leave(exchanges, of: request)
        }
        defer {
            timer?.cancel()
            overdue?.cancel()
            makeshift?.end.cancel()
            stop()
        }
        return await withTaskCancellationHandler {
            for await occurrence in occurrences {
                switch occurrence {
                case .late: begin(race.late(at: .now))
                case .overdue: return race.overdue()
                case .enough:
                    if let makeshift { won(makeshift.node) }
                    return nil
                case .arrival(let node, let result):
                    do {
                        guard let flaw = try await judge(result.get()) else {
                            noteSuccess(node, request.name, of: race)
                            won(node)
                            return nil
                        }
                        if makeshift == nil {
                            race.settle()
                            makeshift = (node, schedule(.enough, in: configuration.makeshiftPatience))
                        }
                        throw flaw
                    } catch {
                        switch race.failed(node, noteFailure(error, request, node), at: .now) {
                        case .wait: break
                        case .over(let failure):
                            guard let makeshift else { return failure }
                            won(makeshift.node)
                            return nil
                        case .ask(let next):
                            guard !Task.isCancelled else { return nil }
                            if race.isNewHeat { deadline = NIODeadline.now() + TimeAmount(request.timeout) }
                            begin(next)
                        }
                    }
                    if overdue == nil, let at = race.overdueAt {
                        overdue = schedule(.overdue, in: ContinuousClock.now.duration(to: at))
                    }
                }
            }
            return nil
        } onCancel: {
            stop()
        }
    }

    /// Ends what is under way after a call; a submission goes on to slower nodes, as long as memory allows.
    func leave(_ exchanges: Exchanges, of request: OutgoingRequest) {
        guard request.reachesAllNodes else { return exchanges.cancel() }
        guard exchanges.abandon() else { return }
        let (id, givenUp) = slowSubmissions.withLock { slow in
            let (id, givenUp) = slow.bounds.add(request.body?.readableBytes ?? 0)
            slow.all[id] = exchanges
            return (id, givenUp.compactMap { slow.all.removeValue(forKey: $0) })
        }
        for exchanges in givenUp { exchanges.cancel() }
        exchanges.whenEnded {
            self.slowSubmissions.withLock { slow in
                slow.bounds.remove(id)
                slow.all[id] = nil
            }
        }
    }

    /// A slower node's answer to a submission that another has taken: it counts for the node's health.
    func noteLateArrival(
        _ request: OutgoingRequest, _ node: Int, _ result: Result<HTTPClient.Response, any Error>
    ) {
        guard request.reachesAllNodes, case .failure(let error) = result else { return }
        _ = noteFailure(error, request, node)
    }

    /// - Parameter client: its event loops carry the exchange.
    func start(
        _ request: OutgoingRequest, at node: Int, by client: HTTPClient, deadline: NIODeadline
    ) throws -> HTTPClient.Task<HTTPClient.Response> {
        let outgoing = try HTTPClient.Request(
            url: nodes[node].url(request.target), method: request.method, headers: headers(request.headers, for: node),
            body: request.body.map { .byteBuffer($0) })
        let accumulator = ResponseAccumulator(request: outgoing, maxBodySize: request.answerBytesMax)
        guard let share = request.share else {
            return client.execute(request: outgoing, delegate: accumulator, deadline: deadline)
        }
        let counted = CountedAnswer(accumulator, holding: share)
        return client.execute(request: outgoing, delegate: counted, deadline: deadline)
    }
}
