import Foundation
import NIOCore
import NIOPosix

/// Why a socket could not be had, in the system's words, e.g. `Connection refused`. For people.
package struct SocketFault: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// - Parameter error: of a socket. Whatever else it is describes itself.
    package init(_ error: any Error) {
        switch error {
        case let error as IOError: description = String(cString: strerror(error.errnoCode))
        case let error as NIOConnectionError:
            // One error for each address of the host; the last one says as much as all of them.
            description =
                error.connectionErrors.last.map { "\(Self($0.error))" } ?? "no address for \(error.host)"
        case let error as SocketAddressError.UnknownHost: description = "no address for \(error.host)"
        case ChannelError.connectTimeout(let time):
            description = "no answer within \(GoDuration.format(.nanoseconds(time.nanoseconds)))"
        default: description = "\(error)"
        }
    }
}
