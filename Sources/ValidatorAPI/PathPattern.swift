/// The form of an endpoint's path: `/eth/v1/validator/duties/attester/{epoch}`. `{name}` stands for one segment.
struct PathPattern: Hashable, Sendable {
    private enum Segment: Hashable {
        case literal(String)
        case parameter(String)
    }

    private let segments: [Segment]

    init(_ pattern: String) {
        segments = pattern.split(separator: "/").map { segment in
            segment.hasPrefix("{") ? .parameter(String(segment.dropFirst().dropLast())) : .literal(String(segment))
        }
    }

    /// The parameters' values by name; nil if the path has another form. A last parameter that is missing is empty.
    func match(_ path: [String]) -> [String: String]? {
        var path = path
        if path.count == segments.count - 1, case .parameter = segments[path.count] { path.append("") }
        guard path.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (segment, text) in zip(segments, path) {
            switch segment {
            case .literal(let literal): guard literal == text else { return nil }
            case .parameter(let name): values[name] = text
            }
        }
        return values
    }
}

extension StringProtocol {
    /// Whether some `%` begins no escape, or the result is no UTF-8.
    var hasBrokenEscape: Bool { utf8.contains(UInt8(ascii: "%")) && removingPercentEscapes() == self }

    /// With `%41` as `A`; as it is if an escape or the UTF-8 is broken.
    func removingPercentEscapes() -> String {
        guard utf8.contains(UInt8(ascii: "%")) else { return String(self) }
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return String(self) }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self) ?? String(self)
    }
}
