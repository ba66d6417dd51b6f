import NIOCore
import Secp256k1

/// Everything a `Host` is told when it starts.
package struct HostConfiguration: Sendable {
    package var identity: PrivateKey
    /// TCP addresses to bind; port 0 takes a free one. Empty: outbound only.
    package var listen: [Multiaddr] = []
    /// Told to peers before the bound addresses: an external IP or host name.
    package var announced: [Multiaddr] = []
    /// Who may stay connected, in either direction, and where the operator says they are.
    package var peers: [PeerID: [Multiaddr]] = [:]
    /// What `peers` told about themselves in an earlier run.
    package var remembered: [PeerID: [Multiaddr]] = [:]
    /// Dials relays and punches holes from the listening port, so that a router maps one port and not many.
    package var reusesPort = true
    /// Lets anybody in, as relays and tests do.
    package var isGateOpen = false
    package var agentVersion: String
    package var limits = Limits()
    package var timing = Timing()

    package init(identity: PrivateKey, agentVersion: String) {
        self.identity = identity
        self.agentVersion = agentVersion
    }

    package struct Limits: Sendable {
        package var yamux = Yamux.Limits()
        /// Inbound sockets that have not finished their handshake; one of the most crowded neighbourhood gives way.
        package var pendingInboundMax = 64
        /// The oldest connection gives way.
        package var connectionsPerPeerMax = 4
        /// Announced lengths of one peer's messages being read or handled, over all its connections: one of the largest
        /// there are, two blocks of 10 MB at once, or all that one peer says of a usual block with its blobs. With
        /// `unreadPerPeerMax` and the 8 MiB that consensus holds for an operator it stays below 32 MiB.
        package var messageBytesPerPeerMax = 20 << 20
        /// Bytes of one peer's streams that nobody has read yet, over all its connections: conversations, which are
        /// short. Of a relay it is `yamux.unreadMax`, because it carries everybody's.
        package var unreadPerPeerMax = 2 << 20
        /// Peers that are not configured, with the gate open.
        package var guestsMax = 1024
        /// Of one IPv4 address, or one /64 of IPv6.
        package var guestsPerOriginMax = 1024
        /// Streams being served, of all peers and protocols.
        package var handlingsMax = 8192
        /// New connections whose identify has not started.
        package var inboxMax = 1024
        /// Tasks waiting for a connection to one peer.
        package var waitersPerPeerMax = 256
        /// Addresses kept of what one peer told about itself.
        package var learnedAddressesMax = 8
        package var eventsMax = 1024
        package var relaysMax = 16
        package var addressesPerRelayMax = 8
        /// Circuits in one relay's name that others have made to us.
        package var circuitsPerRelayMax = 64
        /// Circuits from one relay that have not finished their handshake, and those that name one peer.
        package var pendingCircuitsPerRelayMax = 32
        package var pendingCircuitsPerRelayAndPeerMax = 4
        package init() {}
    }

    package struct Timing: Sendable {
        /// From the socket to the muxer.
        package var handshakeTimeout = TimeAmount.seconds(15)
        /// To connect one socket.
        package var dialTimeout = TimeAmount.seconds(5)
        /// The next address of a peer is tried beside one that does not answer.
        package var dialStagger = TimeAmount.milliseconds(300)
        package var redialBase = Duration.seconds(1)
        package var redialMax = Duration.seconds(30)
        /// To agree on a stream's protocol.
        package var negotiationTimeout = TimeAmount.seconds(10)
        /// How long our yes to a protocol may wait for the handler's first bytes, when the peer has not waited for it.
        package var answerHold = TimeAmount.milliseconds(2)
        package var identifyTimeout = Duration.seconds(5)
        package var pingInterval = Duration.seconds(1)
        package var pingTimeout = Duration.seconds(5)
        package var pingBackoffMax = Duration.seconds(30)
        /// How long a stream closed here may wait for the peer's end.
        package var linger = TimeAmount.seconds(10)
        /// A yamux ping after this much silence, an end after `silenceMax`.
        package var keepAlive = TimeAmount.seconds(10)
        package var silenceMax = TimeAmount.seconds(30)
        /// For a relay's answer to a reservation, and to a circuit: the peer behind it has to agree.
        package var reserveTimeout = Duration.seconds(20)
        package var circuitTimeout = Duration.seconds(20)
        /// For a relay's first message about somebody who wants to reach us.
        package var stopTimeout = Duration.seconds(10)
        /// How long a peer whose part it is to dial through a relay has for it.
        package var relayGrace = TimeAmount.seconds(4)
        /// Between attempts while a relay is connected.
        package var circuitRetryMax = TimeAmount.seconds(10)
        /// After the end of a circuit that was good for some time: the relay still knows the peer.
        package var circuitRetrySoon = TimeAmount.milliseconds(100)
        package var circuitGoodAfter = TimeAmount.seconds(10)
        /// Between attempts to reach a relayed peer directly.
        package var upgradeInterval = TimeAmount.seconds(60)
        /// For the peer's answer in a hole punch, and for the connection itself.
        package var punchTimeout = Duration.seconds(5)
        /// A circuit that nobody uses is closed when there has been a direct connection for so long.
        package var replacedLinger = TimeAmount.seconds(10)
        /// How often overdue things are looked for.
        package var sweepInterval = TimeAmount.milliseconds(500)
        package init() {}
    }
}
