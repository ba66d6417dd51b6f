import DutyWorkflow
import Ethereum
import Program
import Synchronization
import Traces

/// Has a `DutyTracer` hear what this node does, and hands its spans on. From any thread; never waits.
final class DutyTracing: Sendable {
    private let tracer: Mutex<DutyTracer>
    private let now: @Sendable () -> Instant
    private let export: @Sendable ([Span]) -> Void

    init(
        _ tracer: DutyTracer, now: @escaping @Sendable () -> Instant = SystemClock.now,
        export: @escaping @Sendable ([Span]) -> Void
    ) {
        self.tracer = Mutex(tracer)
        self.now = now
        self.export = export
    }

    func heard(_ report: Report) { export(trace { $0.heard(report, at: $1) }) }

    /// An effect begins: takes the event that comes of it; nil for one that is not traced.
    func watch(_ effect: Effect) -> (@Sendable (Event) -> Void)? {
        guard let span = trace({ $0.begins(effect, at: $1) }) else { return nil }
        return { [self] event in export(trace { $0.ends(span, with: event, at: $1) }) }
    }

    /// A commit begins: told when it has ended, and why it did not work.
    func watch(_ records: [Record]) -> @Sendable ((any Error)?) -> Void {
        let (open, over) = trace { $0.begins(records, at: $1) }
        export(over)
        return { [self] error in end(open, error) }
    }

    /// A peer's shares are taken.
    func handle(_ duty: Duty, from peer: PeerIndex, _ body: () -> Void) {
        let span = trace { $0.begins(.parSigExHandle, duty, peer: peer, at: $1) }
        body()
        end([span].compactMap { $0 }, nil)
    }

    /// A validator client asks or brings something.
    ///
    /// - Parameters:
    ///   - outer: the whole of it, if `name` is a part.
    ///   - duties: one for each span; nil for what is of none.
    func follow<Answer>(
        _ name: SpanName, in outer: SpanName? = nil, of duties: [Duty?],
        failure: (Answer) -> (any Error)? = { _ in nil }, _ body: () async throws -> Answer
    ) async throws -> Answer {
        let spans = trace { tracer, now in
            duties.flatMap { duty -> [OpenSpan?] in
                let whole = outer.flatMap { tracer.begins($0, duty, at: now) }
                return [tracer.begins(name, duty, in: whole, at: now), whole]
            }
        }.compactMap { $0 }
        do {
            let answer = try await body()
            end(spans, failure(answer))
            return answer
        } catch {
            end(spans, error)
            throw error
        }
    }

    /// The node ends.
    func finish() { export(trace { tracer, _ in tracer.finish() }) }

    /// Being cancelled is no error.
    private func end(_ spans: [OpenSpan], _ error: (any Error)?) {
        let text = error.flatMap { $0 is CancellationError ? nil : "\($0)" }
        export(trace { tracer, now in spans.flatMap { tracer.ends($0, error: text, at: now) } })
    }

    private func trace<T: Sendable>(_ body: (inout DutyTracer, Instant) -> T) -> T {
        let now = now()
        return tracer.withLock { body(&$0, now) }
    }
}
