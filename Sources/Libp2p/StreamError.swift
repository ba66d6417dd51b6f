/// Why a stream could not be opened, read or written.
package enum StreamError: Error, Equatable, Sendable {
    /// No connection to the peer within the time given.
    case notConnected(PeerID)
    /// Not a configured peer.
    case unknownPeer(PeerID)
    /// Too many are waiting for a connection to this peer.
    case tooManyWaiting
    /// The peer serves none of the protocols.
    case refused([String])
    case negotiation(Multistream.Failure)
    /// The peer, or this side, gave the stream up; the code is the application's.
    case reset(code: UInt32)
    /// The connection under it is gone.
    case connectionLost(DisconnectReason)
    case timedOut
    /// A message longer than the reader allows; nothing of it was stored.
    case tooLong(claimed: UInt64, limit: Int)
    /// This message and those of the peer that are still being handled are more than it may have in hand.
    case tooManyBytesInHand(claimed: Int)
    case malformedLength
    /// The stream ended inside a message.
    case truncated
    /// Written after `closeWrite`.
    case writeClosed
    /// Two tasks read one stream.
    case busy
}

extension StreamError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notConnected: "the peer is not connected"
        case .unknownPeer: "not a configured peer"
        case .tooManyWaiting: "too many wait for a connection to this peer"
        case .refused(let protocols): "the peer does not serve \(protocols.joined(separator: ", "))"
        case .negotiation(let failure): "agree on a protocol: \(failure)"
        case .reset(let code): "the stream was reset, code \(code)"
        case .connectionLost(let reason): "the connection is gone: \(reason)"
        case .timedOut: "no answer in time"
        case .tooLong(let claimed, let limit): "a message of \(claimed) bytes, of which \(limit) are allowed"
        case .tooManyBytesInHand(let claimed): "a message of \(claimed) bytes, with too much of the peer's in hand"
        case .malformedLength: "a message whose length cannot be read"
        case .truncated: "the stream ended inside a message"
        case .writeClosed: "the stream is closed for writing"
        case .busy: "the stream is being read already"
        }
    }
}
