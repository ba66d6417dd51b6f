/// An answer without success: status, and `{"message":…}` as body (remote-signer.md §D.2).
package struct KeymanagerFault: Error, Hashable, CustomStringConvertible {
    package let status: Int
    /// For people, with the cure. No secrets: clients see it.
    package let message: String
    /// Methods that would be taken, for `Allow`.
    var allowed: String?

    package init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    package var description: String { "\(status): \(message)" }

    static let noToken = KeymanagerFault(401, "no bearer token: send the header Authorization: Bearer <token>")
    static let wrongToken = KeymanagerFault(403, "the bearer token is not the one in --keymanager-token-file")
    static let noSuchPath = KeymanagerFault(404, "this node has no such keymanager endpoint")
    static let overloaded = KeymanagerFault(503, "too many requests are under way; try again when one is over")

    static func method(allowed: String) -> KeymanagerFault {
        var fault = KeymanagerFault(405, "method not allowed; there are: \(allowed)")
        fault.allowed = allowed
        return fault
    }

    static func tooLarge(_ bytesMax: Int) -> KeymanagerFault {
        KeymanagerFault(413, "the body has more than \(bytesMax) bytes; send fewer keys at once")
    }
}
