import BeaconAPI

/// An HTTP answer taken apart, up to the end of its connection.
struct RawAnswer: Sendable {
    let status: Int
    let headers: HeaderFields
    let body: String

    /// The first answer in a text that is none of 1xx; nil without one.
    init?(_ text: String) {
        var rest = Substring(text)
        while true {
            guard let end = rest.firstRange(of: "\r\n\r\n") else { return nil }
            let lines = rest[..<end.lowerBound].split(separator: "\r\n")
            rest = rest[end.upperBound...]
            guard let words = lines.first?.split(separator: " "), words.count > 1, words[0].hasPrefix("HTTP/1."),
                let status = Int(words[1])
            else { return nil }
            if status < 200 { continue }
            self.status = status
            headers = HeaderFields(
                lines.dropFirst().compactMap { line in
                    guard let colon = line.firstIndex(of: ":") else { return nil }
                    return .init(String(line[..<colon]), line[line.index(after: colon)...].trimmingSpaces())
                })
            break
        }
        if headers["transfer-encoding"] == "chunked" {
            body = Self.unchunked(rest)
        } else {
            let bytes = Array(rest.utf8)
            let length = headers["content-length"].flatMap { Int($0) } ?? bytes.count
            body = String(decoding: bytes.prefix(length), as: UTF8.self)
        }
    }

    private static func unchunked(_ text: Substring) -> String {
        var bytes = Array(text.utf8)[...]
        var whole: [UInt8] = []
        while let end = bytes.firstIndex(of: UInt8(ascii: "\r")),
            let length = Int(String(decoding: bytes[..<end], as: UTF8.self), radix: 16), length > 0
        {
            let chunk = bytes[(end + 2)...].prefix(length)
            whole += chunk
            bytes = bytes[(end + 2)...].dropFirst(length + 2)
        }
        return String(decoding: whole, as: UTF8.self)
    }
}
