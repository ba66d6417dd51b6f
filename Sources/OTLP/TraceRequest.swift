import Ethereum
import Foundation
import Traces

/// The request that brings spans to a collector.
struct TraceRequest: Sendable {
    /// What all of this program's spans have in common.
    private let resource: WireResource
    private let scope: WireScope

    init(resource: [Span.Attribute], version: String) {
        self.resource = .with { $0.attributes = resource.map(WireKeyValue.init) }
        scope = .with {
            $0.name = "styx"
            $0.version = version
        }
    }

    /// Protobuf.
    func bytes(_ spans: [Span]) -> [UInt8] {
        let request = WireExportTraceServiceRequest.with {
            $0.resourceSpans = [
                .with {
                    $0.resource = resource
                    $0.scopeSpans = [
                        .with {
                            $0.scope = scope
                            $0.spans = spans.map(WireSpan.init)
                        }
                    ]
                }
            ]
        }
        // Fails only for required fields that are not set, and for two gigabytes.
        return (try? request.serializedBytes()) ?? []
    }
}

extension WireSpan {
    private static let `internal`: UInt32 = 1

    fileprivate init(_ span: Span) {
        self.init()
        traceID = Data(span.trace.bytes)
        spanID = Data(span.id.bytes)
        if let parent = span.parent { parentSpanID = Data(parent.bytes) }
        name = span.name
        kind = Self.internal
        startTimeUnixNano = span.start.unixNanoseconds
        endTimeUnixNano = span.end.unixNanoseconds
        attributes = span.attributes.map(WireKeyValue.init)
        events = span.events.map { event in
            .with {
                $0.timeUnixNano = event.at.unixNanoseconds
                $0.name = event.name
                $0.attributes = event.attributes.map(WireKeyValue.init)
            }
        }
        if let error = span.error { status = WireStatus(error: error) }
    }
}

extension WireStatus {
    private static let error: UInt32 = 2

    fileprivate init(error text: String) {
        self.init()
        code = Self.error
        message = text
    }
}

extension WireKeyValue {
    fileprivate init(_ attribute: Span.Attribute) {
        self.init()
        key = attribute.key
        value = .with {
            switch attribute.value {
            case .text(let text): $0.stringValue = text
            case .number(let number): $0.intValue = number
            }
        }
    }
}

extension Instant {
    fileprivate var unixNanoseconds: UInt64 { UInt64(clamping: nanoseconds) }
}
