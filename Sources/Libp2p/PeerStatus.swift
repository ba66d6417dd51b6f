/// What an operator wants to know about one peer.
package struct PeerStatus: Sendable {
    package struct Link: Sendable {
        package let address: Multiaddr?
        package let direction: Connection.Direction
        package let bytesReceived: UInt64
        package let bytesSent: UInt64
        package let streams: Int
    }

    package let peer: PeerID
    package let isConnected: Bool
    package let links: [Link]
    /// Of the last ping.
    package let rtt: Duration?
    package let agentVersion: String?
    package let protocols: [String]
    /// Where it would be dialed.
    package let knownAddresses: [Multiaddr]
    /// Why the last connection ended or the last dial failed; kept while connected.
    package let lastFailure: DisconnectReason?
}

/// What happened to connections. Delivered in order, the oldest are dropped when nobody listens.
package enum HostEvent: Sendable {
    case connected(PeerID, Connection.Direction, Multiaddr?)
    /// The last of its connections is gone when `isLast`.
    case disconnected(PeerID, DisconnectReason, isLast: Bool)
    case identified(PeerID, Identify)
    case dialFailed(PeerID, DisconnectReason)
    case pinged(PeerID, Duration)
    case pingFailed(PeerID)
}

/// What a peer did wrong; counted by peer and kind.
package enum PeerFault: String, Sendable, CaseIterable {
    case handshake
    case refusedByGate
    case frame
    case negotiation
    case tooManyStreams
    case unreadBytes
    case streamNotClosed
    case tooManyBytesInHand
    case identify
    case ping
    case handlerFailed
    case handlerTimedOut
    case tooManyPending
    case inboxFull
}

/// Faults of one peer of one kind; `peer` is nil for those that have not proved who they are, or are not configured.
package struct PeerFaultCount: Sendable, Equatable {
    package let peer: PeerID?
    package let fault: PeerFault
    package let count: UInt64
}
