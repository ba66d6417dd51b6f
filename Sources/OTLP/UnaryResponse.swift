import NIOCore
import NIOHPACK

/// Reads the answer of a gRPC call with one message each way, as it comes in. Source: gRPC over HTTP/2, "Responses".
///
///     HEADERS ─► DATA* ─► HEADERS (trailers)
///     HEADERS with the end of the stream (trailers only)
///
/// Holds at most `bytesMax` of what the other side sends.
struct UnaryResponse: Sendable {
    /// Ours is empty, or says why spans were rejected.
    static let bytesMax = 64 << 10
    private static let prefixBytes = 5

    private var hasHead = false
    private var body: [UInt8] = []

    init() {}

    /// - Returns: nil while there is more to come.
    mutating func headers(_ headers: HPACKHeaders, endsStream: Bool) -> UnaryAnswer? {
        if hasHead {
            // Trailers end it in any case.
            return endsStream ? answer(headers) : .broken("headers amid the answer")
        }
        guard let status = headers.first(name: ":status").flatMap({ Int($0) }) else { return .broken("no HTTP status") }
        if (100..<200).contains(status), !endsStream { return nil }
        guard status == 200, headers.first(name: "content-type")?.hasPrefix("application/grpc") == true else {
            return .http(status)
        }
        hasHead = true
        return endsStream ? answer(headers) : nil
    }

    mutating func data(_ data: ByteBuffer, endsStream: Bool) -> UnaryAnswer? {
        guard hasHead else { return .broken("an answer without headers") }
        guard body.count + data.readableBytes <= Self.bytesMax + Self.prefixBytes else {
            return .broken("an answer of more than \(Self.bytesMax) bytes")
        }
        body += data.readableBytesView
        return endsStream ? .broken("an answer without a gRPC status") : nil
    }

    private func answer(_ trailers: HPACKHeaders) -> UnaryAnswer {
        guard let code = trailers.first(name: "grpc-status").flatMap({ Int($0) }), code >= 0 else {
            return .broken("an answer without a gRPC status")
        }
        guard code == 0 else {
            return .status(code, UnaryAnswer.cut(Self.unescaped(trailers.first(name: "grpc-message") ?? "")))
        }
        guard body.count >= Self.prefixBytes, body[0] == 0,
            body[1..<5].reduce(0, { $0 << 8 | Int($1) }) == body.count - Self.prefixBytes
        else { return .broken("an answer that is not one plain message") }
        return .message(Array(body[Self.prefixBytes...]))
    }

    /// Percent-encoded UTF-8; what is no code stays as it is.
    private static func unescaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8.prefix(bytesMax)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                rest = rest.dropFirst(2)
                bytes.append(code)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

}
