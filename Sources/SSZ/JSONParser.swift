extension JSONValue {
    /// Parses one JSON text (RFC 8259, UTF-8), strictly.
    ///
    /// Refuses duplicate names, trailing bytes, invalid UTF-8, lone surrogates, and whatever exceeds `limits`.
    package init(parsing bytes: some Collection<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard bytes.count <= limits.bytesMax else {
            throw JSONError(.tooManyBytes(max: limits.bytesMax), offset: limits.bytesMax)
        }
        var parser = JSONParser(bytes: Array(bytes), limits: limits)
        self = try parser.parse()
    }

    /// Parses one JSON text.
    package init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: text.utf8, limits: limits)
    }
}

/// Recursive descent over the bytes; the recursion is bounded by `limits.depthMax`.
private struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    var position = 0
    var depth = 0
    var values = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func parse() throws(JSONError) -> JSONValue {
        let value = try parseValue()
        skipSpace()
        guard position == bytes.count else { throw error(.trailingBytes) }
        return value
    }

    private func error(_ reason: JSONError.Reason) -> JSONError {
        JSONError(reason, offset: position)
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// The next byte after white space, not consumed.
    private mutating func peek() throws(JSONError) -> UInt8 {
        skipSpace()
        guard position < bytes.count else { throw error(.endOfText) }
        return bytes[position]
    }

    private mutating func parseValue() throws(JSONError) -> JSONValue {
        values += 1
        guard values <= limits.valuesMax else { throw error(.tooManyValues(max: limits.valuesMax)) }
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try nested { (parser) throws(JSONError) in try parser.parseObject() })
        case UInt8(ascii: "["): return .array(try nested { (parser) throws(JSONError) in try parser.parseArray() })
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try parseNumber())
        default: throw error(.expected("a value"))
        }
    }

    /// Consumes the opening bracket and counts the depth.
    private mutating func nested<R>(_ body: (inout Self) throws(JSONError) -> R) throws(JSONError) -> R {
        guard depth < limits.depthMax else { throw error(.tooDeep(max: limits.depthMax)) }
        position += 1
        depth += 1
        let result = try body(&self)
        depth -= 1
        return result
    }

    private mutating func parseObject() throws(JSONError) -> JSONObject {
        var object = JSONObject()
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return object
        }
        while true {
            guard try peek() == UInt8(ascii: "\"") else { throw error(.expected("a member name")) }
            let nameOffset = position
            let name = try parseString()
            guard try peek() == UInt8(ascii: ":") else { throw error(.expected("':'")) }
            position += 1
            let value = try parseValue()
            guard object.appendIfNew(name, value) else {
                throw JSONError(.duplicateName(name), offset: nameOffset)
            }
            if try endOfList(UInt8(ascii: "}")) { return object }
        }
    }

    private mutating func parseArray() throws(JSONError) -> [JSONValue] {
        var items: [JSONValue] = []
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return items
        }
        while true {
            items.append(try parseValue())
            if try endOfList(UInt8(ascii: "]")) { return items }
        }
    }

    /// Consumes a comma (false) or the closing bracket (true).
    private mutating func endOfList(_ close: UInt8) throws(JSONError) -> Bool {
        let next = try peek()
        guard next == close || next == UInt8(ascii: ",") else { throw error(.expected("',' or a closing bracket")) }
        position += 1
        return next == close
    }

    private mutating func parseWord(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw error(.expected(word)) }
        position += word.utf8.count
        return value
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func parseNumber() throws(JSONError) -> String {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try skipDigits()
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try skipDigits()
        }
        // 2^256 has 78 digits. Nothing here is longer.
        guard position - start <= 100 else { throw JSONError(.longNumber, offset: start) }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// At least one.
    private mutating func skipDigits() throws(JSONError) {
        let start = position
        while position < bytes.count, bytes[position] >= UInt8(ascii: "0"), bytes[position] <= UInt8(ascii: "9") {
            position += 1
        }
        guard position > start else { throw position < bytes.count ? error(.expected("a digit")) : error(.endOfText) }
    }

    /// At the opening quote.
    private mutating func parseString() throws(JSONError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = try validated(bytes[start..<position])
                position += 1
                return text
            case UInt8(ascii: "\\"):
                return try parseEscapedString(start: start)
            case 0..<0x20:
                throw error(.controlCharacter)
            default:
                position += 1
            }
        }
        throw error(.endOfText)
    }

    /// The rest of a string with escapes; `start..<position` has none.
    private mutating func parseEscapedString(start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                let string = try validated(text[...])
                position += 1
                return string
            case UInt8(ascii: "\\"):
                try parseEscape(into: &text)
            case 0..<0x20:
                throw error(.controlCharacter)
            default:
                text.append(byte)
                position += 1
            }
        }
        throw error(.endOfText)
    }

    /// At the backslash.
    private mutating func parseEscape(into text: inout [UInt8]) throws(JSONError) {
        guard position + 1 < bytes.count else { throw error(.endOfText) }
        let letter = bytes[position + 1]
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            text.append(contentsOf: try parseUnicodeEscape())
            return
        default: throw error(.escape)
        }
        position += 2
    }

    /// At the backslash of `\uXXXX`; consumes the second half of a surrogate pair too.
    private mutating func parseUnicodeEscape() throws(JSONError) -> String.UTF8View {
        var code = UInt32(try parseCodeUnit())
        if UTF16.isLeadSurrogate(UInt16(code)) {
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\\") else { throw error(.encoding) }
            let low = try parseCodeUnit()
            guard UTF16.isTrailSurrogate(low) else { throw error(.encoding) }
            code = 0x10000 + (code - 0xD800) << 10 + (UInt32(low) - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw error(.encoding) }
        return String(Character(scalar)).utf8
    }

    /// `\uXXXX` as a UTF-16 code unit.
    private mutating func parseCodeUnit() throws(JSONError) -> UInt16 {
        guard position + 6 <= bytes.count else { throw error(.endOfText) }
        guard bytes[position + 1] == UInt8(ascii: "u") else { throw error(.encoding) }
        var unit: UInt16 = 0
        for digit in bytes[position + 2..<position + 6] {
            guard let nibble = Hex.nibble(digit) else { throw error(.escape) }
            unit = unit << 4 | UInt16(nibble)
        }
        position += 6
        return unit
    }

    private func validated(_ text: ArraySlice<UInt8>) throws(JSONError) -> String {
        guard let string = String(validating: text, as: UTF8.self) else { throw error(.encoding) }
        return string
    }
}
