/// TOML, as far as a list of flags needs it. Source: toml.io/en/v1.0.0. Pure.
///
/// Numbers, booleans and dates are the text that stands there. Tables are read to be named: no flag is one.
struct TOMLReader {
    typealias Entry = ConfigurationFile.Entry
    typealias Fault = ConfigurationFile.Fault

    private enum Value {
        case text(String)
        case list([Value])
        /// With its first keys.
        case table([String])
    }

    private static let cure = "write one `flag = \"value\"` a line"
    /// Lists in lists.
    private static let depthMax = 16
    private static let shownMax = 8

    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    private var entries: [Entry] = []
    /// By key.
    private var places: [String: Int] = [:]

    /// - Parameter text: at most `ConfigurationFile.bytesMax`.
    init(_ text: String) {
        bytes = Array(text.utf8)
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { at = 3 }
    }

    /// All of it; once.
    mutating func read() throws(Fault) -> [Entry] {
        var table: String?
        while true {
            skipBlank()
            guard let first = peek else { return entries }
            if first == UInt8(ascii: "[") {
                table = try header()
            } else {
                try pair(in: table)
            }
            try endLine()
        }
    }

    // MARK: Lines

    /// - Returns: the first part of the table's name.
    private mutating func header() throws(Fault) -> String {
        let start = line
        at += 1
        let isArray = take("[")
        let keys = try keys()
        guard take("]"), !isArray || take("]") else { throw fault("cannot be read: a table's name without its end") }
        try addNested(keys[0], keys.dropFirst().first, start)
        return keys[0]
    }

    private mutating func pair(in table: String?) throws(Fault) {
        let start = line
        let keys = try keys()
        guard take("=") else { throw fault("has a flag without a value") }
        skipSpaces()
        let value = try value(depth: 0)
        if let table { return try addNested(table, keys[0], start) }
        if keys.count > 1 { return try addNested(keys[0], keys[1], start) }
        if let place = places[keys[0]] { throw Fault(twice: keys[0], line: start, other: entries[place].line) }
        places[keys[0]] = entries.count
        entries.append(Entry(key: keys[0], value: try Self.flag(value, start), line: start))
    }

    private mutating func addNested(_ key: String, _ inner: String?, _ line: Int) throws(Fault) {
        guard let place = places[key] else {
            places[key] = entries.count
            return entries.append(Entry(key: key, value: .nested(inner.map { [$0] } ?? []), line: line))
        }
        guard case .nested(let known) = entries[place].value else {
            throw Fault(twice: key, line: line, other: entries[place].line)
        }
        guard let inner, known.count < Self.shownMax else { return }
        entries[place] = Entry(key: key, value: .nested(known + [inner]), line: entries[place].line)
    }

    /// What a value is to a flag.
    private static func flag(_ value: Value, _ line: Int) throws(Fault) -> ConfigurationFile.Value {
        switch value {
        case .text(let text): return try ConfigurationFile.value([text], line)
        case .table(let keys): return .nested(keys)
        case .list(let items):
            var texts: [String] = []
            for item in items {
                guard case .text(let text) = item else { return .nested([]) }
                texts.append(text)
            }
            return try ConfigurationFile.value(texts, line)
        }
    }

    /// One name, or several with points between them; in small letters.
    private mutating func keys() throws(Fault) -> [String] {
        var keys: [String] = []
        repeat {
            skipSpaces()
            switch peek ?? 0 {
            case UInt8(ascii: "\""): keys.append(try basicText().lowercased())
            case UInt8(ascii: "'"): keys.append(try literalText().lowercased())
            default:
                let start = at
                while let byte = peek, Self.isOfName(byte) { at += 1 }
                guard at > start else { throw fault("has a line that names no flag") }
                keys.append(String(decoding: bytes[start..<at], as: UTF8.self).lowercased())
            }
            skipSpaces()
        } while take(".")
        return keys
    }

    private mutating func endLine() throws(Fault) {
        skipSpaces()
        skipComment()
        if take("\r"), peek != UInt8(ascii: "\n") { throw fault("cannot be read: a line that ends in the middle") }
        guard peek == nil || peek == UInt8(ascii: "\n") else { throw fault("has more than one value in a line") }
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(Fault) -> Value {
        guard depth <= Self.depthMax else { throw fault("has lists in lists, too deep") }
        switch peek ?? 0 {
        case UInt8(ascii: "\""): return .text(try basicText())
        case UInt8(ascii: "'"): return .text(try literalText())
        case UInt8(ascii: "["): return try list(depth)
        case UInt8(ascii: "{"): return try inlineTable(depth)
        default: return .text(try plain())
        }
    }

    private mutating func list(_ depth: Int) throws(Fault) -> Value {
        at += 1
        var items: [Value] = []
        while true {
            skipBlank()
            if take("]") { return .list(items) }
            items.append(try value(depth: depth + 1))
            skipBlank()
            guard take(",") || peek == UInt8(ascii: "]") else { throw fault("cannot be read: a list without its end") }
        }
    }

    private mutating func inlineTable(_ depth: Int) throws(Fault) -> Value {
        at += 1
        var names: [String] = []
        while true {
            skipSpaces()
            if take("}") { return .table(names) }
            let name = try keys()[0]
            if names.count < Self.shownMax { names.append(name) }
            guard take("=") else { throw fault("has a flag without a value") }
            skipSpaces()
            _ = try value(depth: depth + 1)
            skipSpaces()
            guard take(",") || peek == UInt8(ascii: "}") else { throw fault("cannot be read: a table without its end") }
        }
    }

    /// A number, a boolean or a date.
    private mutating func plain() throws(Fault) -> String {
        let start = at
        while let byte = peek, Self.isOfName(byte) || "+.:".utf8.contains(byte) { at += 1 }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        guard !text.isEmpty else { throw fault("has a flag without a value") }
        if ["true", "false", "inf", "nan"].contains(text) { return text }
        guard let first = text.utf8.first, (0x30...0x39).contains(first) || "+-".utf8.contains(first) else {
            throw fault("has a text without quotes")
        }
        // They only make long numbers easier to read.
        return text.replacing("_", with: "")
    }

    private mutating func basicText() throws(Fault) -> String {
        try refuseSeveralLines(UInt8(ascii: "\""))
        at += 1
        var text: [UInt8] = []
        while let byte = peek, byte != UInt8(ascii: "\n") {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escaped().utf8
            default: text.append(byte)
            }
        }
        throw fault("cannot be read: a text without its end")
    }

    private mutating func literalText() throws(Fault) -> String {
        try refuseSeveralLines(UInt8(ascii: "'"))
        at += 1
        let start = at
        while let byte = peek, byte != UInt8(ascii: "\n") {
            at += 1
            if byte == UInt8(ascii: "'") { return String(decoding: bytes[start..<at - 1], as: UTF8.self) }
        }
        throw fault("cannot be read: a text without its end")
    }

    private func refuseSeveralLines(_ quote: UInt8) throws(Fault) {
        if bytes[at...].starts(with: [quote, quote, quote]) { throw fault("has a value of several lines") }
    }

    /// What stands behind a backslash.
    private mutating func escaped() throws(Fault) -> String {
        let letter = peek ?? 0
        at += 1
        switch letter {
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "u"): return try scalar(digits: 4)
        case UInt8(ascii: "U"): return try scalar(digits: 8)
        default: throw fault("cannot be read: a backslash that means nothing")
        }
    }

    private mutating func scalar(digits: Int) throws(Fault) -> String {
        guard at + digits <= bytes.count,
            let number = UInt32(String(decoding: bytes[at..<at + digits], as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(number)
        else { throw fault("cannot be read: a backslash that means nothing") }
        at += digits
        return String(Character(scalar))
    }

    // MARK: Bytes

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func skipSpaces() {
        while let byte = peek, " \t".utf8.contains(byte) { at += 1 }
    }

    private mutating func skipComment() {
        guard peek == UInt8(ascii: "#") else { return }
        while let byte = peek, byte != UInt8(ascii: "\n") { at += 1 }
    }

    /// Spaces, comments and ends of lines.
    private mutating func skipBlank() {
        while let byte = peek {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): at += 1
            case UInt8(ascii: "\n"):
                at += 1
                line += 1
            case UInt8(ascii: "#"): skipComment()
            default: return
            }
        }
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private func fault(_ what: String) -> Fault { Fault(line: line, what: what, cure: Self.cure) }
}
