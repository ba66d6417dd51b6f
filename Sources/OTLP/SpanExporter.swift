import Logging
import NIOCore
import Synchronization
import Timing
import Traces

/// Sends spans to a collector, in batches, beside everything else: `add` never waits, and what the collector cannot
/// take is dropped and counted.
package final class SpanExporter: Sendable {
    package struct Times: Sendable {
        /// Between two looks.
        var every = Duration.seconds(1)
        /// Of one call.
        var call = Duration.seconds(10)
        /// Of one call at the end, the one under way included.
        var lastCall = Duration.seconds(1)
        /// After which no more calls begin at the end.
        var last = Duration.seconds(1)

        package init() {}
    }

    private struct State {
        var queue: ExportQueue
        var told = Told<ContinuousClock.Instant>(every: .seconds(60), countMax: 64)
        var isFailing = false
    }

    private let request: TraceRequest
    private let client: CollectorClient
    private let address: CollectorAddress
    private let times: Times
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - resource: what is said of this program with each batch.
    ///   - version: of this program.
    /// - Throws: if this system has no usable TLS.
    package init(
        to address: CollectorAddress, resource: [Span.Attribute], version: String, times: Times = Times(),
        loop: any EventLoop, logger: Logger
    ) throws {
        self.times = times
        self.address = address
        self.logger = logger
        request = TraceRequest(resource: resource, version: version)
        client = try CollectorClient(
            address, tls: address.isPlain ? nil : CollectorClient.systemTLS, timeout: times.call, loop: loop)
        state = Mutex(State(queue: ExportQueue(seed: .random(in: .min ... .max))))
    }

    /// From any thread.
    package func add(_ spans: [Span]) {
        guard !spans.isEmpty else { return }
        state.withLock { $0.queue.add(spans) }
    }

    /// Until cancelled.
    package func run() async {
        logger.info("traces are sent", metadata: ["collector": "\(address)"])
        while !Task.isCancelled {
            let pause = await withTaskCancellationHandler {
                await exportBatch()
            } onCancel: {
                client.hurrySoon(times.lastCall)
            }
            if pause == .zero { continue }
            do { try await Task.sleep(for: pause ?? times.every) } catch { break }
        }
    }

    /// Sends what is left, as far as that is quickly done. After `run`.
    package func shutdown() async {
        await client.hurry(times.lastCall)
        let end = ContinuousClock.now + times.last
        while !state.withLock({ $0.queue.isEmpty }), ContinuousClock.now < end {
            let sent = tally.sent
            _ = await exportBatch()
            if tally.sent == sent { break }
        }
        state.withLock { $0.queue.giveUp() }
        await client.close()
        let tally = tally
        logger.log(
            level: tally.dropped == 0 ? .debug : .warning, "tracing ends",
            metadata: ["sent": "\(tally.sent)"].merging(Self.metadata(tally)) { first, _ in first })
    }

    private var tally: ExportQueue.Tally { state.withLock { $0.queue.tally } }

    /// - Returns: how long to wait; nil until there is something to send.
    private func exportBatch() async -> Duration? {
        let batch = state.withLock { $0.queue.next() }
        guard !batch.isEmpty else { return nil }
        let outcome = ExportOutcome(await client.export(request.bytes(batch)), of: batch.count)
        let pause = state.withLock { $0.queue.finished(outcome) }
        tell(outcome)
        return pause
    }

    private func tell(_ outcome: ExportOutcome) {
        let (isNews, wasFailing, tally) = state.withLock { state in
            let wasFailing = state.isFailing
            var isNews = false
            switch outcome {
            case .taken(rejected: 0, _): state.isFailing = false
            case .taken(_, let why), .later(let why), .refused(let why):
                state.isFailing = true
                isNews = state.told.isNews(why, at: .now)
            }
            return (isNews, wasFailing, state.queue.tally)
        }
        switch outcome {
        case .taken(rejected: 0, _):
            if wasFailing {
                logger.info("the collector takes traces again", metadata: Self.metadata(tally))
            }
        case .taken(_, let why), .later(let why), .refused(let why):
            logger.log(
                level: isNews ? .warning : .debug,
                "the collector does not take traces: see --otlp-address, --otlp-insecure and --otlp-headers",
                metadata: ["collector": "\(address)", "error": "\(why)"].merging(Self.metadata(tally)) { first, _ in
                    first
                })
        }
    }

    private static func metadata(_ tally: ExportQueue.Tally) -> Logger.Metadata {
        [
            "dropped": "\(tally.dropped)", "crowded_out": "\(tally.crowdedOut)", "refused": "\(tally.refused)",
            "given_up": "\(tally.givenUp)",
        ]
    }
}
