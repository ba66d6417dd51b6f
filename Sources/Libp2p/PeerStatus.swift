/// What an operator wants to know about one peer.
package struct PeerStatus: Sendable {
    package struct Link: Sendable {
        package let address: Multiaddr?
        package let direction: Connection.Direction
        package let path: ConnectionPath
        /// Its relay ends it after some time or some bytes.
        package let isLimited: Bool
        package let bytesReceived: UInt64
        package let bytesSent: UInt64
        package let streams: Int
    }

    package let peer: PeerID
    package let isConnected: Bool
    /// The way new streams take; nil while not connected.
    package let path: ConnectionPath?
    /// One of the current relays. An operator's node may be one too.
    package let isRelay: Bool
    package let links: [Link]
    /// Of the last ping.
    package let rtt: Duration?
    package let agentVersion: String?
    package let protocols: [String]
    /// Where it would be dialed.
    package let knownAddresses: [Multiaddr]
    /// Why the last connection ended or the last dial failed; kept while connected.
    package let lastFailure: DisconnectReason?
    /// By protocol, over all connections since it is known.
    package var carried: [String: StreamTraffic] = [:]
    /// Open now.
    package var streams: [StreamTraffic.Kind: Int] = [:]
}

/// One relay of this node.
package struct RelayStatus: Sendable {
    package let relay: PeerID
    package let isConnected: Bool
    /// Until when others can reach us through it, in seconds since 1970; nil when they cannot.
    package let reservedUntil: UInt64?
    /// Why there is no reservation, in plain words.
    package let problem: String?
    package let rtt: Duration?
    package let addresses: [Multiaddr]
    /// Peers that are connected through it now.
    package let circuits: [PeerID]
    package let lastFailure: DisconnectReason?
}

/// What became of a reservation; each change once.
package enum ReservationEvent: Equatable, Sendable {
    /// Others can reach us through the relay, until then (seconds since 1970) and beyond, by renewal.
    case granted(until: UInt64)
    /// In plain words. It is asked again.
    case failed(String)
    /// It ended with the connection to the relay. It is asked for again as soon as there is a new one.
    case lost

    init(_ report: ReservationKeeper.Report) {
        switch report {
        case .granted(let until): self = .granted(until: until)
        case .failed(let problem): self = .failed("\(problem)")
        case .lost: self = .lost
        }
    }
}

/// What happened to connections. Delivered in order, the oldest are dropped when nobody listens.
package enum HostEvent: Sendable {
    case connected(PeerID, Connection.Direction, Multiaddr?)
    /// Of a connection that may stay, with its address.
    case upgraded(Connection.Handshake, Multiaddr?)
    /// The last of its connections is gone when `isLast`.
    case disconnected(PeerID, DisconnectReason, isLast: Bool)
    case identified(PeerID, Identify)
    case dialFailed(PeerID, DisconnectReason)
    case pinged(PeerID, Duration)
    case pingFailed(PeerID)
    /// A configured peer is now reached this way; nil: not at all.
    case pathChanged(PeerID, ConnectionPath?)
    case reservation(PeerID, ReservationEvent)
    /// Somebody else answers where this relay was: it has a new key, or another address.
    case relayReplaced(PeerID)
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
    /// A relay's message that is none, or a circuit from somebody who is no relay.
    case circuit
    case holePunch
}

/// Faults of one peer of one kind; `peer` is nil for those that have not proved who they are, or are not configured.
package struct PeerFaultCount: Sendable, Equatable {
    package let peer: PeerID?
    package let fault: PeerFault
    package let count: UInt64
}
