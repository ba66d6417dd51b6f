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
            writeList(open: UInt8(ascii: "["), close: UInt8(ascii: "]"), items) { writer, item in writer.write(item) }
        case .object(let object):
            writeList(open: UInt8(ascii: "{"), close: UInt8(ascii: "}"), object.members) { writer, member in
                writer.writeString(member.name)
                writer.bytes.append(UInt8(ascii: ":"))
                if writer.indent != nil { writer.bytes.append(UInt8(ascii: " ")) }
                writer.write(member.value)
            }
        }
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func writeList<Item>(
        open: UInt8, close: UInt8, _ items: [Item], _ writeItem: (inout Self, Item) -> Void
    ) {
        bytes.append(open)
        depth += 1
        for (i, item) in items.enumerated() {
            if i > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine()
            writeItem(&self, item)
        }
        depth -= 1
        if !items.isEmpty { breakLine() }
        bytes.append(close)
    }

    private mutating func breakLine() {
        guard let indent else { return }
        append("\n")
        for _ in 0..<depth { append(indent) }
    }

    private mutating func writeString(_ string: String) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        var text = string
        let isPlain = text.withUTF8 { text in
            guard !text.contains(where: Self.mayNeedEscape) else { return false }
            bytes.append(contentsOf: text)
            return true
        }
        guard !isPlain else { return }
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
    }

    private static func mayNeedEscape(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<0x20, 0x80..., UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "&"):
            true
        default: false
        }
    }

    private mutating func appendUnicodeEscape(_ byte: UInt8) {
        append("\\u00")
        bytes.append(Hex.digit(byte >> 4))
        bytes.append(Hex.digit(byte & 15))
    }
}
