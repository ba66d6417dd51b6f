/// Why bytes are not acceptable JSON, and where.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        case endOfText
        /// Something else than what the grammar wants here.
        case expected(String)
        case duplicateName(String)
        case controlCharacter
        case escape
        /// Not UTF-8, or half of a surrogate pair.
        case encoding
        case trailingBytes
        case tooManyBytes(max: Int)
        case tooDeep(max: Int)
        case tooManyValues(max: Int)
        case longNumber
    }

    package let reason: Reason
    /// Byte offset from the start of the text.
    package let offset: Int

    package init(_ reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    package var description: String {
        let text =
            switch reason {
            case .endOfText: "unexpected end"
            case .expected(let what): "expected \(what)"
            case .duplicateName(let name): "second member \"\(name)\""
            case .controlCharacter: "control character in a string"
            case .escape: "invalid escape"
            case .encoding: "invalid UTF-8"
            case .trailingBytes: "bytes after the value"
            case .tooManyBytes(let max): "more than \(max) bytes"
            case .tooDeep(let max): "nested deeper than \(max)"
            case .tooManyValues(let max): "more than \(max) values"
            case .longNumber: "number of too many digits"
            }
        return "JSON at byte \(offset): \(text)"
    }
}
