/// What the duty gate says to a duty that a peer names.
package enum Admission: Sendable, Equatable {
    case admitted
    case refused(MessageFault)
    /// Nothing is known of the chain yet, so nothing can be said.
    case notReady
}

extension Admission {
    func requireAdmitted() throws(MessageFault) {
        switch self {
        case .admitted: break
        case .refused(let fault): throw fault
        case .notReady: throw .notReady
        }
    }
}
