/// A configured address that cannot be listened on.
package struct ListenError: Error, CustomStringConvertible {
    /// `ip:port`, as flags have it.
    package let address: String
    /// The socket's.
    package let cause: any Error

    package var description: String { "listen on \(address): \(cause)" }
}
