import AsyncHTTPClient
import BeaconAPI
import NIOCore
import Timing

/// The events of one beacon node, for as long as somebody iterates: connects, reads, connects again.
///
/// Nothing is read ahead, so nothing piles up when the reader is slow, and a node that sends without end is read slowly
/// (`EventAllowance`). Ends only when the task is cancelled.
package struct BeaconEventStream: AsyncSequence, Sendable {
    package enum Element: Sendable {
        case connected
        case event(BeaconEvent)
        /// An event of our topics that makes no sense; the stream goes on.
        case unreadable(BeaconEventError)
        /// The node sends more than anybody needs, and is read slowly; said once.
        case flooded
        /// Topics that the node does not give; said once for each. All of them: there are no events at all.
        case refused([EventTopic], BeaconError)
        /// The next attempt follows after the pause.
        case disconnected(BeaconError, pause: Duration)
    }

    package typealias Failure = Never

    /// The pauses that a server can ask for.
    private static let retryMin = Duration.milliseconds(500)
    private static let retryMax = Duration.seconds(60)
    private static let retryDefault = Duration.seconds(1)
    /// The longest event there is has a slashing's two lists of voters.
    static let longestEventBytes = BeaconEvent.slashingBytesMax
    private static let limits = ServerSentEventParser.Limits(
        lineBytesMax: longestEventBytes, eventBytesMax: longestEventBytes)
    /// Of an id that is given back, in bytes. Longer ones make servers refuse the request.
    private static let eventIDMax = 256
    /// Longest pause after a node refused all topics: it does so until it is updated.
    private static let refusalMax = Duration.seconds(300)

    let client: BeaconClient
    let node: Int
    /// The most important one first: a node that refuses them is asked without the last ones.
    let topics: [EventTopic]

    package func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    /// States: idle → open → idle after each end of the connection.
    package struct Iterator: AsyncIteratorProtocol {
        private let stream: BeaconEventStream
        private var body: HTTPClientResponse.Body.AsyncIterator?
        private var parser = ServerSentEventParser(limits: BeaconEventStream.limits)
        private var pending: [Element] = []
        /// Connections in a row that failed or gave no event.
        private var failures = 0
        private var pause: Duration?
        private var allowance = EventAllowance()
        private var isFlooded = false
        private var retry = BeaconEventStream.retryDefault
        private var lastEventID = ""
        /// Those that are asked for now.
        private var topics: [EventTopic]
        private var told: Set<EventTopic> = []

        init(stream: BeaconEventStream) {
            self.stream = stream
            topics = stream.topics
        }

        package mutating func next() async -> Element? {
            await next(isolation: nil)
        }

        package mutating func next(isolation actor: isolated (any Actor)?) async -> Element? {
            while !Task.isCancelled {
                if !pending.isEmpty { return pending.removeFirst() }
                if let pause {
                    self.pause = nil
                    do { try await stream.client.configuration.sleep(pause) } catch { return nil }
                }
                do {
                    guard body != nil else {
                        try await connect(isolation: actor)
                        return .connected
                    }
                    try await read(isolation: actor)
                } catch {
                    guard !Task.isCancelled else { return nil }
                    return disconnect(error)
                }
            }
            return nil
        }

        private mutating func connect(isolation actor: isolated (any Actor)?) async throws {
            let client = stream.client
            let endpoint = BeaconEndpoint.events(topics)
            var headers = endpoint.headers
            if !lastEventID.isEmpty { headers.set(HeaderName.lastEventID, lastEventID) }
            var request = HTTPClientRequest(url: client.nodes[stream.node].url(endpoint.target))
            request.headers = client.headers(headers, for: stream.node)
            // Some servers send the head with the first event only.
            let deadline = NIODeadline.now() + TimeAmount(client.configuration.eventIdleTimeout)
            let response = try await client.eventHTTP.execute(request, deadline: deadline)
            guard response.status == .ok else {
                let body = try await response.body.collect(upTo: APIErrorBody.bytesMax)
                let status = Int(response.status.code)
                throw BeaconError.Cause.status(
                    APIErrorBody(lenient: body.readableBytesView, status: status), httpStatus: status)
            }
            parser = ServerSentEventParser(limits: BeaconEventStream.limits)
            body = response.body.makeAsyncIterator()
        }

        private mutating func read(isolation actor: isolated (any Actor)?) async throws {
            guard let chunk = try await body?.next(isolation: actor) else {
                throw BeaconError.Cause.connection("event stream ended")
            }
            let events = try parser.receive(chunk.readableBytesView)
            for event in events {
                failures = 0
                do throws(BeaconEventError) {
                    if let event = try BeaconEvent(event) { pending.append(.event(event)) }
                } catch {
                    pending.append(.unreadable(error))
                }
            }
            if let asked = parser.retry {
                retry = Swift.min(Swift.max(asked, BeaconEventStream.retryMin), BeaconEventStream.retryMax)
            }
            lastEventID = Self.isSendable(parser.lastEventID) ? parser.lastEventID : ""
            pause = allowance.take(events: events.count, bytes: chunk.readableBytes, at: .now)
            guard pause != nil, !isFlooded else { return }
            isFlooded = true
            pending.append(.flooded)
        }

        /// Whether an id may stand in a header field: with any other, no request would go out any more.
        private static func isSendable(_ id: String) -> Bool {
            id.utf8.count <= BeaconEventStream.eventIDMax && id.utf8.allSatisfy { (0x20...0x7e).contains($0) }
        }

        private mutating func disconnect(_ error: any Error) -> Element {
            // It may be another version when it is back.
            if body != nil { topics = stream.topics }
            body = nil
            failures += 1
            let cause =
                (error as? ServerSentEventError).map { BeaconError.Cause.malformed("\($0)") }
                ?? BeaconError.Cause(transport: error)
            let failure = stream.client.error(cause, "events", stream.node)
            let refused = cause.refusesTopics ? giveUpTopic() : nil
            let longest = cause.refusesTopics && refused == nil ? BeaconEventStream.refusalMax : retry * 2
            let pause = Backoff(base: retry, max: longest).delay(attempt: failures)
            self.pause = pause
            let disconnected = Element.disconnected(failure, pause: pause)
            let news = (refused.map { [$0] } ?? (cause.refusesTopics ? topics : [])).filter { told.insert($0).inserted }
            guard !news.isEmpty else { return disconnected }
            pending.append(disconnected)
            return .refused(news, failure)
        }

        /// Returns the topic; nil if only one is left.
        private mutating func giveUpTopic() -> EventTopic? {
            guard topics.count > 1 else { return nil }
            failures = 0
            return topics.removeLast()
        }
    }
}

extension BeaconError.Cause {
    /// The node understood the question and will say the same tomorrow.
    fileprivate var refusesTopics: Bool {
        guard case .status(_, let status) = self else { return false }
        return status == 204 || (400..<500).contains(status) && ![408, 425, 429].contains(status) || status == 501
    }
}

extension BeaconClient {
    /// The events of one node.
    ///
    /// - Parameter node: position in `nodes`.
    package func events(_ topics: [EventTopic], node: Int) -> BeaconEventStream {
        precondition(nodes.indices.contains(node) && !topics.isEmpty)
        return BeaconEventStream(client: self, node: node, topics: topics)
    }
}
