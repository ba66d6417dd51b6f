import AsyncHTTPClient
import NIOCore
import NIOPosix
import Program

/// Why a service on the network did not do what was asked. Shown to people; holds no token and no password.
package struct ServiceError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Cause: Equatable, Sendable {
        /// No complete answer in time.
        case timeout(Duration)
        case connection(String)
        /// There is somebody, and no TLS with it.
        case tls(String)
        /// Neither 2xx nor one that counts as success. The text is the start of the answer's body.
        case status(Int, String)
        /// It wants us to go elsewhere, and we do not.
        case redirected
        case tooLarge(bytesMax: Int)
        /// Not the answer that belongs to the question.
        case malformed(String)
        case cancelled
    }

    /// What was to be done: "publish the lock".
    package let action: String
    /// Where, without secrets.
    package let place: String
    package let cause: Cause

    package var description: String { "\(action) at \(place): \(cause)" }

    /// Unicode scalars: one letter may have any number of marks.
    private static let excerptMax = 200

    /// The start of what a server wrote, on one line, without what it repeats of our secrets.
    package static func excerpt(_ text: String, _ secrets: [String] = []) -> String {
        // By scalars: a mark behind a secret makes another letter of its last.
        var scalars = text.unicodeScalars.map { Character($0) }
        for secret in secrets where !secret.isEmpty {
            scalars = scalars.replacing(secret.unicodeScalars.map { Character($0) }, with: "***")
        }
        let printable = scalars.map { $0.unicodeScalars.first?.properties.generalCategory == .control ? " " : $0 }
        let line = String(printable).split(separator: " ").joined(separator: " ")
        let start = line.unicodeScalars.prefix(excerptMax)
        return start.endIndex < line.unicodeScalars.endIndex ? String(start) + "…" : line
    }
}

extension ServiceError.Cause: CustomStringConvertible {
    package var description: String {
        switch self {
        case .timeout(let limit): "no complete answer within \(limit)"
        case .connection(let reason): reason
        case .tls(let reason): "no TLS connection: \(reason)"
        case .status(let status, let text): "answered with status \(status)" + (text.isEmpty ? "" : " (\(text))")
        case .redirected: "answered with a redirect, which is not followed here; give the final address"
        case .tooLarge(let bytesMax): "answered with more than \(bytesMax) bytes"
        case .malformed(let reason): "answered with something else than expected: \(reason)"
        case .cancelled: "interrupted"
        }
    }

    /// What an error of the HTTP client means.
    package init(transport error: any Error, timeout: Duration) {
        switch error {
        case is CancellationError: self = .cancelled
        case let error as ResponseAccumulator.ResponseTooBigError: self = .tooLarge(bytesMax: error.maxBodySize)
        case let error as HTTPClientError:
            switch error {
            case .deadlineExceeded, .readTimeout, .writeTimeout, .connectTimeout, .tlsHandshakeTimeout,
                .getConnectionFromPoolTimeout:
                self = .timeout(timeout)
            case .cancelled, .alreadyShutdown: self = .cancelled
            default: self = .connection("connection failed: \(error.shortDescription)")
            }
        case is NIOConnectionError, is IOError: self = .connection("no connection: \(SocketFault(error))")
        default: self = Self(tls: error) ?? .connection("connection failed: \(error)")
        }
    }
}
