import SSZ

/// Why a remote signer made no signature that can be used. For people; the same words for every key, so that equal
/// failures are told once. Signers are named without credentials.
package enum SigningFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// No signer lists the key, or the one that did says that it is gone.
    case noKey
    /// By its slashing protection.
    case refused(signer: String)
    /// Not by this node's key share, or over something else.
    case wrongSignature(signer: String)
    case timedOut(signer: String)
    case unreachable(signer: String, String)
    /// With an error, or with no signature.
    case answered(signer: String, String)
    /// More waits than can be signed in time.
    case overloaded
    /// The duty was over before anybody could be asked.
    case late

    package var description: String {
        switch self {
        case .noKey: "no remote signer has the key share; import it there"
        case .refused(let signer):
            "remote signer \(signer) refuses: its slashing protection knows another message, which stays the only one"
        case .wrongSignature(let signer):
            "remote signer \(signer) made a signature that is not this key share's; it was thrown away"
        case .timedOut(let signer): "remote signer \(signer) did not answer in time"
        case .unreachable(let signer, let reason): "remote signer \(signer) is out of reach: \(reason)"
        case .answered(let signer, let what): "remote signer \(signer) answered with \(what)"
        case .overloaded: "too much waits for the remote signer"
        case .late: "the duty was over before the remote signer could be asked"
        }
    }
}
