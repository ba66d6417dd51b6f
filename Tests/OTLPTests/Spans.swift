import DutyWorkflow
import Ethereum
import SSZ

@testable import Traces

/// Spans to be sent.
enum Spans {
    static let lockHash = Root(padding: [UInt8](0..<32))

    static func span(_ number: UInt64, name: String = "core/fetcher.Fetch", error: String? = nil) -> Span {
        var span = Span(
            trace: TraceID(.attester(slot: 123), lockHash: lockHash), id: SpanID(rawValue: number), parent: nil,
            name: name, start: Instant(nanoseconds: 1_700_000_000_000_000_001),
            end: Instant(nanoseconds: 1_700_000_000_000_000_999))
        span.error = error
        return span
    }

    static func spans(_ numbers: ClosedRange<UInt64>) -> [Span] { numbers.map { span($0) } }
}
