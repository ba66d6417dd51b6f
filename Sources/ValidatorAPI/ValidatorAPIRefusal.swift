/// Why the node does not do what a validator client asks for.
package enum ValidatorAPIRefusal: Error, Hashable, CustomStringConvertible {
    /// The client's fault: answered with 400 and the reason.
    case refused(String)
    /// There is no such thing: answered with 404.
    case notFound(String)
    /// Not now: answered with 503.
    case unavailable(String)

    package var description: String {
        switch self {
        case .refused(let reason), .notFound(let reason), .unavailable(let reason): reason
        }
    }
}
