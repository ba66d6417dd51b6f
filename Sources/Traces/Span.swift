import Ethereum

/// One step of a duty at one node, with its time.
package struct Span: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case text(String)
        case number(Int64)
    }

    package struct Attribute: Hashable, Sendable {
        package let key: String
        package let value: Value

        package init(_ key: String, _ text: String) {
            self.key = key
            value = .text(text)
        }

        package init(_ key: String, _ number: some BinaryInteger) {
            self.key = key
            value = .number(Int64(clamping: number))
        }
    }

    /// What was said meanwhile.
    package struct Event: Hashable, Sendable {
        package let at: Instant
        package let name: String
        package let attributes: [Attribute]
    }

    package let trace: TraceID
    package let id: SpanID
    package let parent: SpanID?
    package let name: String
    package let start: Instant
    /// Not before the start.
    package let end: Instant
    package var attributes: [Attribute] = []
    package var events: [Event] = []
    /// What went wrong; nil if nothing did.
    package var error: String?

    /// About what it takes until it is sent, in bytes.
    package var heldBytes: Int {
        func bytes(_ attributes: [Attribute]) -> Int {
            attributes.reduce(0) { sum, attribute in
                if case .text(let text) = attribute.value { return sum + 64 + text.utf8.count }
                return sum + 64
            }
        }
        return events.reduce(256 + bytes(attributes) + (error?.utf8.count ?? 0)) { $0 + 96 + bytes($1.attributes) }
    }
}
