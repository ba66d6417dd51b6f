/// Why a connection ended, or was never made.
package enum DisconnectReason: Error, Equatable, Sendable {
    case upgrade(Upgrade.Failure)
    case noise(NoiseError)
    case muxer(YamuxError)
    /// The gate keeps only configured peers.
    case refusedByGate(PeerID)
    /// The peer ended the session; 0 is a normal end.
    case wentAway(code: UInt32)
    /// The peer, or the network, closed the socket.
    case closedByPeer
    case socket(String)
    case handshakeTimedOut
    /// Nothing was heard for too long.
    case silent
    case tooManyConnections
    /// We closed it.
    case closedHere
    /// The relay, or the connection to it, ended the circuit.
    case circuitEnded
    /// The relay, or the peer behind it, refused the circuit.
    case circuitRefused(CircuitStatus)
    /// The circuit was not made: no relay, no answer in time, or an answer that is none.
    case circuitFailed(String)
    /// There is a direct connection, and nothing uses the circuit any more.
    case replaced
}

extension DisconnectReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .upgrade(.negotiation(let failure)): "negotiate security: \(failure)"
        case .upgrade(.noise(.wrongPeer(let peer))): "dialed address belongs to another peer: \(peer)"
        case .upgrade(.noise(let error)): "noise handshake: \(error)"
        case .upgrade(.over): "bytes after a broken handshake"
        case .noise(let error): "noise channel: \(error)"
        case .muxer(let error): "yamux: \(error)"
        case .refusedByGate(let peer): "not a configured peer: \(peer)"
        case .wentAway(let code): "peer ended the session, code \(code)"
        case .closedByPeer: "closed by peer"
        case .socket(let text): text
        case .handshakeTimedOut: "handshake timed out"
        case .silent: "nothing heard"
        case .tooManyConnections: "too many connections"
        case .closedHere: "closed by this node"
        case .circuitEnded: "the relay ended the circuit"
        case .circuitRefused(.noReservation): "the relay does not know the peer: it has no reservation there"
        case .circuitRefused(let status): "the relay refused the circuit: \(status)"
        case .circuitFailed(let text): "no circuit: \(text)"
        case .replaced: "replaced by a direct connection"
        }
    }
}
