import AsyncHTTPClient
import BeaconAPI
import NIOCore
import NIOPosix

extension BeaconError.Cause {
    /// What an error of the HTTP client means.
    init(transport error: any Error) {
        switch error {
        case let cause as BeaconError.Cause: self = cause
        case is CancellationError: self = .cancelled
        case let error as ResponseAccumulator.ResponseTooBigError: self = .tooLarge(bytesMax: error.maxBodySize)
        case let error as HTTPClientError: self = Self.client(error)
        case let error as NIOConnectionError:
            // One error for each address of the host; the last one says as much as all of them.
            let reason = error.connectionErrors.last.map { "\($0.error)" } ?? "no address for \(error.host)"
            self = .connection("no connection: \(reason)")
        default: self = .connection("connection failed: \(error)")
        }
    }

    private static func client(_ error: HTTPClientError) -> Self {
        switch error {
        case .deadlineExceeded, .readTimeout, .writeTimeout, .connectTimeout, .tlsHandshakeTimeout,
            .getConnectionFromPoolTimeout:
            .timeout
        case .cancelled, .alreadyShutdown: .cancelled
        default: .connection("connection failed: \(error.shortDescription)")
        }
    }
}
