import SSZ

/// A topic of the priority protocol, or one of its priorities: a `google.protobuf.Any` as it came. Nearly always a
/// `google.protobuf.Value` with a text. Source: protocols.md §7.
package struct PriorityAny: Hashable, Sendable {
    private static let textTypeURL = Array("type.googleapis.com/google.protobuf.Value".utf8)
    /// Field 3, length-delimited: `string_value`.
    private static let textTag: UInt8 = 0x1a

    /// UTF-8: texts that only look alike are different topics.
    package let typeURL: [UInt8]
    package let value: [UInt8]

    package init(typeURL: [UInt8], value: [UInt8]) {
        self.typeURL = typeURL
        self.value = value
    }

    package init(_ text: String) {
        var value: [UInt8] = []
        appendField(3, Array(text.utf8), to: &value)
        self.init(typeURL: Self.textTypeURL, value: value)
    }

    /// What it says, if it is of the plain kind: up to 127 visible ASCII characters. Everything that is in use is.
    package var text: String? {
        guard typeURL == Self.textTypeURL, value.count >= 2, value[0] == Self.textTag, value[1] < 0x80,
            value.count == 2 + Int(value[1]), value.dropFirst(2).allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        return String(decoding: value.dropFirst(2), as: UTF8.self)
    }

    /// Deterministic protobuf: `type_url = 1`, `value = 2`.
    package func canonicalBytes() -> [UInt8] {
        var out: [UInt8] = []
        if !typeURL.isEmpty { appendField(1, typeURL, to: &out) }
        if !value.isEmpty { appendField(2, value, to: &out) }
        return out
    }

    /// Orders topics.
    var hash: Root { consensusHashRoot(canonicalBytes()) }
}
