import Dispatch
import NIOCore
import Timing

/// What a host knows about one peer. Pure: connections are handles, timers and sockets belong to the host.
struct PeerRecord: Sendable {
    /// Given by the operator; of a relay, what its resolver found.
    var configuredAddresses: [Multiaddr]
    /// What the peer told about itself in an earlier run.
    private let rememberedAddresses: [Multiaddr]
    /// What the peer told about itself in identify, and how near to us that may be.
    private(set) var learnedAddresses: [Multiaddr] = []
    private var learnedReach = Multiaddr.Reach.publicNetwork
    /// Where its names are looked up.
    var nameQueue: DispatchQueue?
    /// A configured peer, or a relay; others are let in by an open gate only, not dialed, and forgotten when they go.
    var isConfigured: Bool
    var isRelay = false
    /// Outlives connections: what came over an earlier one may still be in hand.
    let inHand: BytesInHand
    /// In the order they came.
    var connections: [Connection] = []
    /// What connections that are over carried, by protocol.
    var carried: [String: StreamTraffic] = [:]
    /// Connections whose identify has come.
    var identified: Set<Int> = []
    var protocols: [String] = []
    var agentVersion: String?
    var rtt: Duration?
    var lastFailure: DisconnectReason?
    /// Of the preferred connection, as last told.
    var path: ConnectionPath?
    /// When the first direct connection was identified; nil without one.
    var directSince: NIODeadline?
    /// Until then we leave it to the peer to come through a relay; nil before that began.
    var graceEnds: NIODeadline?
    /// How the peer sees us from outside, as it last told.
    var observed: Multiaddr?
    /// Dials that a hole punch asked for.
    var punches: Set<DialAttempt> = []
    /// For hole punches, and for dialing what a new circuit's identify tells.
    var punchBudget = DialBudget()
    var upgradeBudget = DialBudget()
    /// The connection that was punched for; once is enough.
    var punchedOn: Int?
    var directWaiters: [Int: CheckedContinuation<Bool, Never>] = [:]
    var backoff: Backoff
    var round: DialRound?
    var retry: Scheduled<Void>?
    var waiters: [Int: CheckedContinuation<Connection, any Error>] = [:]

    init(
        addresses: [Multiaddr], remembered: [Multiaddr] = [], isConfigured: Bool, timing: HostConfiguration.Timing,
        inHand: BytesInHand = BytesInHand()
    ) {
        configuredAddresses = addresses
        rememberedAddresses = remembered
        self.isConfigured = isConfigured
        self.inHand = inHand
        backoff = Backoff(base: timing.redialBase, max: timing.redialMax)
    }

    /// Where new streams go: direct rather than relayed, identified rather than not, new rather than old. A peer that
    /// lost its end of an old connection has just made the new one.
    var preferred: Connection? {
        connections.last { $0.circuit == nil && identified.contains($0.id) }
            ?? connections.last { identified.contains($0.id) } ?? connections.last { $0.circuit == nil }
            ?? connections.last
    }

    /// Which connection gives way to a new one: circuits first, then the oldest.
    var dispensable: Connection? { connections.first { $0.circuit != nil } ?? connections.first }

    var hasDirect: Bool { connections.contains { $0.circuit == nil } }

    /// Somebody still wants the outcome.
    func awaits(_ attempt: DialAttempt) -> Bool {
        round?.inFlight.contains(attempt) == true || punches.contains(attempt)
    }

    /// Is dialed when it is missing.
    var isKept: Bool { isConfigured || isRelay }

    /// TCP addresses to dial, configured ones first, each once.
    var dialable: [Multiaddr] {
        var seen: Set<Multiaddr.Endpoint> = []
        return (configuredAddresses + rememberedAddresses + learnedAddresses).filter { address in
            guard let endpoint = address.endpoint else { return false }
            return seen.insert(endpoint).inserted
        }
    }

    /// Keeps at most `max` of the peer's own claims: those a socket can reach, and no loopback address of a peer that
    /// talks to us over the network. Of one that comes through a relay, nothing that is nearer than the relay.
    ///
    /// - Returns: whether anything changed.
    mutating func learn(_ addresses: [Multiaddr], from remote: Multiaddr?, peer: PeerID, max: Int) -> Bool {
        let least = Self.nearest(toldFrom: remote)
        let useful = addresses.filter { address in
            guard let endpoint = address.endpoint, endpoint.port > 0 else { return false }
            guard address.peer == nil || address.peer == peer else { return false }
            // Where a name leads is judged when it is dialed.
            return endpoint.isHostName || address.reach.map { $0 >= least } ?? false
        }
        let kept = Array(useful.compactMap(\.transport).prefix(max))
        defer {
            learnedAddresses = kept
            learnedReach = least
        }
        return kept != learnedAddresses
    }

    private static func nearest(toldFrom remote: Multiaddr?) -> Multiaddr.Reach {
        guard let remote else { return .privateNetwork }
        if remote.isRelayed { return remote.reach ?? .publicNetwork }
        return remote.isLoopback ? .loopback : .privateNetwork
    }

    /// How near to us a name may lead; nil for one that the operator gave.
    func nearest(_ name: Multiaddr) -> Multiaddr.Reach? {
        if configuredAddresses.contains(where: { $0.endpoint == name.endpoint }) { return nil }
        // Only names of a direct connection are remembered.
        if rememberedAddresses.contains(name) { return min(learnedReach, .privateNetwork) }
        return learnedAddresses.contains(name) ? learnedReach : .publicNetwork
    }

    /// What may be dialed after a restart, when it is no longer known who told it: no names that came through a relay.
    var memorable: [Multiaddr] {
        learnedAddresses.filter { learnedReach < .publicNetwork || $0.endpoint?.isHostName == false }
    }
}

/// One address of one peer being dialed.
struct DialAttempt: Hashable, Sendable {
    let peer: PeerID
    let number: Int
    let address: Multiaddr
    /// In the upgrade. Of two that dial each other at once, one has to listen.
    var role = Yamux.Role.dialer
}

/// One go over all addresses of a peer: the next starts when one fails or takes long; the first success ends it.
struct DialRound: Sendable {
    private(set) var waiting: [Multiaddr]
    private(set) var inFlight: Set<DialAttempt> = []

    init(_ addresses: [Multiaddr]) { waiting = addresses }

    /// - Returns: nil when all were tried.
    mutating func start(peer: PeerID, number: Int) -> DialAttempt? {
        guard !waiting.isEmpty else { return nil }
        let attempt = DialAttempt(peer: peer, number: number, address: waiting.removeFirst())
        inFlight.insert(attempt)
        return attempt
    }

    /// - Returns: false when the attempt is of an earlier round.
    mutating func end(_ attempt: DialAttempt) -> Bool { inFlight.remove(attempt) != nil }

    /// Adds addresses that are not there yet.
    mutating func append(_ addresses: [Multiaddr]) {
        waiting += addresses.filter { address in
            !waiting.contains(address) && !inFlight.contains { $0.address == address }
        }
    }

    /// Leaves out the circuits, because there is one now.
    ///
    /// - Returns: the attempts given up.
    mutating func dropCircuits() -> Set<DialAttempt> {
        waiting.removeAll(where: \.isRelayed)
        let dropped = inFlight.filter(\.address.isRelayed)
        inFlight.subtract(dropped)
        return dropped
    }

    var isOver: Bool { waiting.isEmpty && inFlight.isEmpty }
}
