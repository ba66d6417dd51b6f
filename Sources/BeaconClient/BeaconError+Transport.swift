import AsyncHTTPClient
import BeaconAPI
import NIOCore
import NIOPosix
import Program

extension BeaconError.Cause {
    /// What an error of the HTTP client means.
    init(transport error: any Error) {
        switch error {
        case let cause as BeaconError.Cause: self = cause
        case is CancellationError: self = .cancelled
        case let error as ResponseAccumulator.ResponseTooBigError: self = .tooLarge(bytesMax: error.maxBodySize)
        case let error as HTTPClientError: self = Self.client(error)
        case is NIOConnectionError, is IOError: self = .connection("no connection: \(SocketFault(error))")
        default: self = .connection("connection failed: \(SocketFault(error))")
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
