import DutyWorkflow
import Ethereum

/// A step under way. Whoever began it holds it, and hands it back to the `DutyTracer` at its end.
package struct OpenSpan: Hashable, Sendable {
    let trace: TraceID
    let id: SpanID
    let parent: SpanID?
    let name: SpanName
    let start: Instant
    /// Nil for what is of no duty.
    let duty: Duty?
    var attributes: [Span.Attribute] = []

    /// - Parameter now: a clock that stepped back ends it at its start.
    func ended(at now: Instant, error: String? = nil) -> Span {
        Span(
            trace: trace, id: id, parent: parent, name: name.rawValue, start: start, end: max(start, now),
            attributes: attributes, error: error.map(DutyTrace.cut))
    }
}
