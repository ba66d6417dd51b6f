import Dispatch
import Glibc
import Logging
import NIOCore
import NIOPosix
import Program

/// Dialing whoever is missing, and whoever is reached through a relay only.
///
/// A round goes over a peer's own addresses, then over circuits through each connected relay. While a circuit carries
/// the peer, its own addresses are tried again once a minute.
extension Host {
    /// Starts a round when there is no direct connection, there is something to try, and nothing is being tried or
    /// waited for.
    func considerDialing(_ peer: PeerID) {
        guard isRunning, let record = records[peer], record.isKept, !record.hasDirect, record.round == nil,
            record.retry == nil
        else { return }
        let addresses = record.dialable + (record.connections.isEmpty ? circuits(to: peer) : [])
        guard !addresses.isEmpty else { return considerPunching(peer) }
        records[peer]?.round = DialRound(addresses)
        dialNext(peer)
    }

    /// There is a new way: a relay has come, or our patience is over.
    func considerCircuits(to peer: PeerID) {
        guard isRunning, let record = records[peer], record.isConfigured, record.connections.isEmpty else { return }
        let circuits = circuits(to: peer)
        guard !circuits.isEmpty else { return }
        if record.round == nil {
            record.retry?.cancel()
            records[peer]?.retry = nil
            records[peer]?.round = DialRound(circuits)
        } else {
            records[peer]?.round?.append(circuits)
        }
        dialNext(peer)
    }

    /// The relay will end this circuit soon, and there is no other way: make another, the old one carries on meanwhile.
    func renewCircuit(_ old: Connection) {
        guard isRunning, let record = records[old.peer], record.isConfigured, !record.hasDirect, record.round == nil,
            record.connections.last?.id == old.id
        else { return }
        let circuits = connectedRelays.map { Multiaddr.circuit(to: old.peer, through: $0) }
        record.retry?.cancel()
        records[old.peer]?.retry = nil
        records[old.peer]?.round = DialRound(circuits)
        dialNext(old.peer)
    }

    /// Circuits to dial now.
    ///
    /// One side should do it, or both waste a circuit and either may drop the other's. The newest Charon lets the
    /// smaller id dial, and the larger only waits; older ones always dial. So: at once when our id is the smaller. When
    /// it is the larger, the peer is given some time: it may know a relay that we do not, but it may also be unable to.
    private func circuits(to peer: PeerID) -> [Multiaddr] {
        guard let record = records[peer], record.isConfigured, !record.isRelay else { return [] }
        let ways = connectedRelays.filter { $0 != peer }
        guard !ways.isEmpty else { return [] }
        if peer < self.peer {
            let now = NIODeadline.now()
            let ends = record.graceEnds ?? now + configuration.timing.relayGrace
            if record.graceEnds == nil {
                records[peer]?.graceEnds = ends
                loop.scheduleTask(deadline: ends) {
                    self.assumeIsolated { host in
                        if host.records[peer]?.graceEnds == ends { host.considerCircuits(to: peer) }
                    }
                }
            }
            guard now >= ends else { return [] }
        }
        return ways.map { .circuit(to: peer, through: $0) }
    }

    private func dialNext(_ peer: PeerID) {
        guard let attempt = records[peer]?.round?.start(peer: peer, number: nextNumber()) else { return }
        connect(attempt)
        loop.scheduleTask(in: configuration.timing.dialStagger) {
            self.assumeIsolated { host in
                guard host.records[peer]?.round?.inFlight.contains(attempt) == true else { return }
                host.dialNext(peer)
            }
        }
    }

    func connect(_ attempt: DialAttempt) {
        if attempt.address.isRelayed {
            guard enqueue(.circuit(attempt)) else { return attemptFailed(attempt, .circuitFailed("too much to do")) }
            return
        }
        guard let endpoint = attempt.address.endpoint else {
            return attemptFailed(attempt, .socket("no TCP address: \(attempt.address)"))
        }
        guard !endpoint.isHostName, let address = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)
        else {
            return connect(to: endpoint, attempt)
        }
        guard let own = listenAddress(for: address, attempt) else {
            return watch(bootstrap(attempt).connect(to: address), attempt)
        }
        // From our listening port, so that a router maps it as one; if it is taken for this peer, from any.
        let shared = bootstrap(attempt).channelOption(Self.reusePort, value: 1)
            .channelOption(.socketOption(.so_reuseaddr), value: 1).bind(to: own).connect(to: address)
        let either = shared.flatMapError { error -> EventLoopFuture<any Channel> in
            guard attempt.role == .dialer, [EADDRINUSE, EADDRNOTAVAIL].contains((error as? IOError)?.errnoCode) else {
                return self.loop.makeFailedFuture(error)
            }
            return self.bootstrap(attempt).connect(to: address)
        }
        watch(either, attempt)
    }

    /// To a name.
    private func connect(to endpoint: Multiaddr.Endpoint, _ attempt: DialAttempt) {
        var bootstrap = bootstrap(attempt)
        if let nearest = records[attempt.peer]?.nearest(attempt.address) {
            let queue = records[attempt.peer]?.nameQueue ?? DispatchQueue(label: "peer names")
            records[attempt.peer]?.nameQueue = queue
            bootstrap = bootstrap.resolver(PeerNameResolver(nearest: nearest, queue: queue, on: loop))
        }
        watch(bootstrap.connect(host: endpoint.host, port: endpoint.port), attempt)
    }

    private nonisolated func bootstrap(_ attempt: DialAttempt) -> ClientBootstrap {
        let direction: Connection.Direction = attempt.role == .dialer ? .outbound : .inbound
        return ClientBootstrap(group: loop)
            .connectTimeout(configuration.timing.dialTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: Self.waterMark)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(self.pipe(direction, attempt))
                }
            }
    }

    private func watch(_ connecting: EventLoopFuture<any Channel>, _ attempt: DialAttempt) {
        connecting.whenFailure { error in
            let reason = DisconnectReason.socket("connect to \(attempt.address): \(SocketFault(error))")
            self.assumeIsolated { $0.attemptFailed(attempt, reason) }
        }
    }

    /// Where to dial from when the outer port matters: towards relays, who tell us what it is, and in hole punches.
    private func listenAddress(for remote: SocketAddress, _ attempt: DialAttempt) -> SocketAddress? {
        guard configuration.reusesPort, let record = records[attempt.peer],
            record.isRelay || record.punches.contains(attempt)
        else { return nil }
        return boundAddresses.lazy.compactMap { bound -> SocketAddress? in
            guard let endpoint = bound.endpoint,
                let own = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port),
                own.protocol == remote.protocol
            else { return nil }
            // From loopback only to loopback.
            return !bound.isLoopback || Multiaddr(remote)?.isLoopback == true ? own : nil
        }.first
    }

    func attemptFailed(_ attempt: DialAttempt, _ reason: DisconnectReason) {
        let remote = attempt.peer
        if records[remote]?.punches.remove(attempt) != nil { return }
        guard records[remote]?.round?.end(attempt) == true else { return }
        records[remote]?.lastFailure = reason
        if case .upgrade(.noise(.wrongPeer)) = reason, records[remote]?.isRelay == true { emit(.relayReplaced(remote)) }
        logger.debug(
            "dial peer", metadata: ["peer": "\(remote)", "address": "\(attempt.address)", "reason": "\(reason)"])
        guard records[remote]?.round?.isOver == true else { return dialNext(remote) }
        records[remote]?.round = nil
        if records[remote]?.connections.isEmpty == true { emit(.dialFailed(remote, reason)) }
        retryLater(remote)
        considerPunching(remote)
    }

    /// - Parameter soon: the last circuit of a good connection has just ended: the relay still knows the peer.
    func retryLater(_ peer: PeerID, soon: Bool = false) {
        guard isRunning, var record = records[peer], !record.hasDirect, record.round == nil else { return }
        var generator = SystemRandomNumberGenerator()
        let timing = configuration.timing
        var pause = timing.upgradeInterval
        if record.connections.isEmpty {
            pause = TimeAmount(record.backoff.next(using: &generator))
            // Asking a relay costs little, and the peer may wait for us to ask.
            if record.isConfigured, !connectedRelays.isEmpty { pause = min(pause, timing.circuitRetryMax) }
            if soon { pause = min(pause, timing.circuitRetrySoon) }
        }
        record.retry?.cancel()
        record.retry = loop.scheduleTask(in: pause) {
            self.assumeIsolated { host in
                host.records[peer]?.retry = nil
                host.considerDialing(peer)
            }
        }
        records[peer] = record
    }

    /// A connection has come, so these dials are not needed: all of them, or only those through relays.
    func abandonDials(of peer: PeerID, to path: ConnectionPath) {
        switch path {
        case .direct:
            records[peer]?.round = nil
            records[peer]?.punches = []
            closePendingDials(of: peer)
        case .relayed:
            let dropped = records[peer]?.round?.dropCircuits() ?? []
            if records[peer]?.round?.isOver == true { records[peer]?.round = nil }
            closePending { dropped.contains($0) }
        }
    }

    func closePendingDials(of peer: PeerID) { closePending { $0.peer == peer } }

    func closePending(_ isMeant: (DialAttempt) -> Bool) {
        for core in Array(pending.values) {
            if let attempt = core.value.attempt, isMeant(attempt) { core.value.close(.closedHere) }
        }
    }
}
