import SSZ

/// What a request must show. Never printed.
package struct BearerToken: Sendable {
    /// Of a secret that somebody chose; made ones have 66.
    package static let bytesMin = 16
    package static let bytesMax = 4096
    private static let randomBytes = 32

    /// Compared instead of the text: of one length, and of no use to who sees how far a comparison got.
    private let digest: Root

    /// - Parameter file: the text of a token file: the token, perhaps with white space around it.
    /// - Returns: nil unless it is so many visible characters.
    package init?(file: [UInt8]) {
        let space: Set<UInt8> = [0x20, 0x09, 0x0a, 0x0d]
        let start = file.drop { space.contains($0) }
        let token = start[..<(start.lastIndex { !space.contains($0) }.map { $0 + 1 } ?? start.startIndex)]
        guard (Self.bytesMin...Self.bytesMax).contains(token.count), token.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        digest = SHA256.hash(Array(token))
    }

    /// A new one, as the text of its file: `0x` and 64 hex digits.
    package static func random(using generator: inout some RandomNumberGenerator) -> [UInt8] {
        let bytes = (0..<randomBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Array(("0x" + Hex.encodeBare(bytes)).utf8)
    }

    enum Verdict: Hashable {
        case allowed
        case missing
        case wrong
    }

    /// - Parameter authorization: the header of that name.
    func judge(_ authorization: String?) -> Verdict {
        guard let parts = authorization?.split(separator: " ", maxSplits: 1), parts.count == 2,
            parts[0].lowercased() == "bearer"
        else { return .missing }
        let given = SHA256.hash(Array(parts[1].utf8.drop { $0 == 0x20 })).bytes
        // Every byte is looked at, whatever the others are.
        let difference = zip(given, digest.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        return difference == 0 ? .allowed : .wrong
    }
}

extension BearerToken: CustomStringConvertible, CustomReflectable {
    package var description: String { "bearer token" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
