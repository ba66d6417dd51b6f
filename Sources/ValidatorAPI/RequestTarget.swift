/// Path and query of a request, in one spelling for all who look at it: escapes resolved, empty and dot segments gone.
///
/// What is compared with our endpoints is what beacon nodes get, so that no spelling of a path takes what was signed
/// with a share past us.
struct RequestTarget: Hashable, Sendable {
    let segments: [String]
    /// Of no meaning to endpoints of ours, but perhaps to those of others.
    private let endsInSlash: Bool
    /// As the client wrote it, with the question mark; empty without.
    let query: String

    /// - Throws: 400 for what is no path, or a path that servers read differently.
    init(_ text: String) throws(APIFault) {
        guard text.hasPrefix("/") else { throw APIFault(400, "request target is no path") }
        guard !text.utf8.contains(UInt8(ascii: "#")) else { throw APIFault(400, "request target has a fragment") }
        let path = text.prefix { $0 != "?" }
        guard !path.hasBrokenEscape else { throw APIFault(400, "request target has a broken escape") }
        let resolved = path.removingPercentEscapes()
        // Some servers drop what comes after a semicolon, some end a path at a zero, some take `\` for `/`.
        guard
            resolved.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: "\\") }
            )
        else { throw APIFault(400, "request target holds a character that paths must not have") }
        var segments: [String] = []
        for segment in resolved.split(separator: "/") {
            switch segment {
            case ".": break
            case "..": _ = segments.popLast()
            default: segments.append(String(segment))
            }
        }
        self.segments = segments
        endsInSlash = resolved.hasSuffix("/") && !segments.isEmpty
        query = String(text[path.endIndex...])
    }

    /// For beacon nodes.
    var path: String { "/" + segments.map(\.percentEscaped).joined(separator: "/") + (endsInSlash ? "/" : "") }
}

extension StringProtocol {
    /// As a segment of a path: all but letters, digits and the signs that need no escape (RFC 3986 §3.3).
    fileprivate var percentEscaped: String {
        var text = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case _ where "-._~!$&'()*+,=:@".utf8.contains(byte): text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return text
    }
}
