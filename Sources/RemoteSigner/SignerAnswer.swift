import ClusterSetup
import Ethereum
import SSZ

/// What a remote signer answered to a request for a signature. Source: remote-signer.md §A.3.
package enum SignerAnswer: Hashable, Sendable {
    /// Of the right form; whether it is right is for the caller to check.
    case signature(SignatureBytes)
    /// Status 200, and no signature.
    case garbage(String)
    /// 404: this key is not loaded.
    case noKey
    /// 412: its slashing protection says no.
    case refused(String)
    /// 5xx: the next signer may do better, or this one later.
    case broken(status: Int, String)
    /// Any other status, 400 above all: asking again would bring the same.
    case rejected(status: Int, String)

    /// Longest answer that is read. A signature has 214 bytes as JSON.
    static let bytesMax = 64 << 10

    /// - Parameter secrets: what the signer may repeat and logs must not have.
    package init(status: Int, body: some Collection<UInt8>, secrets: [String] = []) {
        let text = { ServiceError.excerpt(String(decoding: body.prefix(Self.bytesMax), as: UTF8.self), secrets) }
        switch status {
        case 200: self = Self.signature(in: body).map { .signature($0) } ?? .garbage(text())
        case 404: self = .noKey
        case 412: self = .refused(text())
        case 500...599: self = .broken(status: status, text())
        default: self = .rejected(status: status, text())
        }
    }

    /// `{"signature":"0x…"}` or the hex digits as they are: some signers do not look at `Accept`.
    private static func signature(in body: some Collection<UInt8>) -> SignatureBytes? {
        guard body.count <= bytesMax else { return nil }
        let limits = JSONLimits(bytesMax: bytesMax)
        if let json = try? JSONValue(parsing: body, limits: limits) {
            return (json["signature"]?.string ?? json.string).flatMap { try? SignatureBytes(hex: $0) }
        }
        let text = String(decoding: body, as: UTF8.self)
        return try? SignatureBytes(hex: String(text.drop { $0.isWhitespace }.trimmingSuffix { $0.isWhitespace }))
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> SubSequence {
        var rest = self[...]
        while let last = rest.last, isDropped(last) { rest = rest.dropLast() }
        return rest
    }
}
