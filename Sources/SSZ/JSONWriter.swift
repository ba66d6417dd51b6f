extension JSONValue {
    /// The text without white space.
    package func text() -> String { write(indent: nil) }

    /// The text with one member or element a line, as Go's `json.MarshalIndent(value, "", indent)` writes it:
    /// no trailing newline, `[]` and `{}` for empty ones.
    package func text(indent: String) -> String { write(indent: indent) }

    /// The bytes of `text()`.
    package func bytes() -> [UInt8] { Array(text().utf8) }

    private func write(indent: String?) -> String {
        var writer = JSONWriter(indent: indent)
        writer.write(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// Writes JSON with the escapes of Go's encoder: `<`, `>`, `&`, U+2028 and U+2029 are escaped too.
private struct JSONWriter {
    let indent: String?
    var bytes: [UInt8] = []
    var depth = 0

    init(indent: String?) {
        self.indent = indent
    }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: append("null")
        case .bool(let bool): append(bool ? "true" : "false")
        case .number(let digits): append(digits)
        case .string(let string): writeString(string)
        case .array(let items):
            writeList(open: "[", close: "]", items) { writer, item in writer.write(item) }
        case .object(let object):
            writeList(open: "{", close: "}", object.members) { writer, member in
                writer.writeString(member.name)
                writer.append(writer.indent == nil ? ":" : ": ")
                writer.write(member.value)
            }
        }
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func writeList<Item>(
        open: String, close: String, _ items: [Item], _ writeItem: (inout Self, Item) -> Void
    ) {
        append(open)
        depth += 1
        for (i, item) in items.enumerated() {
            if i > 0 { append(",") }
            breakLine()
            writeItem(&self, item)
        }
        depth -= 1
        if !items.isEmpty { breakLine() }
        append(close)
    }

    private mutating func breakLine() {
        guard let indent else { return }
        append("\n")
        for _ in 0..<depth { append(indent) }
    }

    private mutating func writeString(_ string: String) {
        append("\"")
        var previous: (UInt8, UInt8) = (0, 0)
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x08: append("\\b")
            case 0x0C: append("\\f")
            case 0x0A: append("\\n")
            case 0x0D: append("\\r")
            case 0x09: append("\\t")
            case 0..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): appendUnicodeEscape(byte)
            case 0xA8 where previous == (0xE2, 0x80), 0xA9 where previous == (0xE2, 0x80):
                // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
                bytes.removeLast(2)
                append(byte == 0xA8 ? "\\u2028" : "\\u2029")
            default: bytes.append(byte)
            }
            previous = (previous.1, byte)
        }
        append("\"")
    }

    private mutating func appendUnicodeEscape(_ byte: UInt8) {
        append("\\u00")
        bytes.append(Hex.digit(byte >> 4))
        bytes.append(Hex.digit(byte & 15))
    }
}
