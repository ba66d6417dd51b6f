import Logging
import NIOCore
import Timing

/// Connections: who may stay, and where streams go. Dialing is in `Host+Dialing.swift`.
extension Host {
    // MARK: Called by connections, on the loop

    /// A socket is connected; its handshake begins.
    func connectionStarted(_ core: NIOLoopBound<ConnectionCore>) {
        let started = core.value
        if let attempt = started.attempt {
            // An attempt nobody waits for any more.
            guard isRunning, records[attempt.peer]?.awaits(attempt) == true else { return started.close(.closedHere) }
        } else {
            guard isRunning else { return started.close(.closedHere) }
            let guest =
                started.circuit.map { .circuit(relay: $0.relay, peer: $0.peer) }
                ?? WaitingRoom.Guest.socket(started.remoteHost?.neighbourhood)
            switch waitingRoom.enter(started.id, guest, configuration.limits) {
            case .entered: break
            case .enteredInsteadOf(let other):
                note(.tooManyPending, of: nil)
                pending[other]?.value.close(.tooManyConnections)
            case .full:
                note(.tooManyPending, of: started.circuit?.relay)
                return started.close(.tooManyConnections)
            }
        }
        pending[started.id] = core
    }

    /// The peer has proved who it is.
    ///
    /// - Returns: why it may not stay, nil if it may.
    func connectionEstablished(_ connection: Connection, attempt: DialAttempt?) -> DisconnectReason? {
        pending[connection.id] = nil
        waitingRoom.left(connection.id)
        guard isRunning else { return .closedHere }
        let remote = connection.peer
        if records[remote] == nil, remote != peer, configuration.isGateOpen,
            guests.admit(
                remote, from: connection.remoteAddress, max: configuration.limits.guestsMax,
                perOriginMax: configuration.limits.guestsPerOriginMax)
        {
            records[remote] = PeerRecord(
                addresses: [], isConfigured: false, timing: configuration.timing, inHand: connection.inHand)
        }
        // Behind a relay are operators only, not other relays.
        guard var record = records[remote], connection.circuit == nil || record.isConfigured || configuration.isGateOpen
        else {
            note(.refusedByGate, of: remote)
            logger.info(
                "refused connection of unknown peer",
                metadata: ["peer": "\(remote)", "address": "\(connection.remoteAddress?.description ?? "-")"])
            return .refusedByGate(remote)
        }
        if record.connections.count >= configuration.limits.connectionsPerPeerMax, let oldest = record.dispensable {
            loop.execute { oldest.closeOnLoop(.tooManyConnections) }
        }
        let isFirst = record.connections.isEmpty
        record.connections.append(connection)
        record.retry?.cancel()
        record.retry = nil
        record.graceEnds = nil
        let waiters = record.waiters.values
        record.waiters = [:]
        records[remote] = record
        // Both may dial at once. The dial of the smaller id always survives, so one connection stays in any case.
        if attempt != nil || remote < peer { abandonDials(of: remote, to: connection.path) }
        updateRoute(remote)
        for waiter in waiters { waiter.resume(returning: connection) }
        sendWaiting(to: remote)
        if connection.circuit == nil { resumeDirectWaiters(of: remote, true) }
        attendSoon(connection)
        if isFirst, record.isRelay { relayConnected(remote) }
        emit(.upgraded(connection.handshake, connection.remoteAddress))
        emit(.connected(remote, connection.direction, connection.remoteAddress))
        logger.debug(
            "peer connected", metadata: ["peer": "\(remote)", "direction": "\(connection.direction.rawValue)"])
        return nil
    }

    func connectionClosed(_ id: Int, _ connection: Connection?, attempt: DialAttempt?, _ reason: DisconnectReason) {
        pending[id] = nil
        waitingRoom.left(id)
        count(reason, connection?.peer)
        guard let connection, records[connection.peer]?.connections.contains(where: { $0.id == id }) == true else {
            if let attempt { attemptFailed(attempt, reason) }
            return
        }
        let remote = connection.peer
        records[remote]?.connections.removeAll { $0.id == id }
        records[remote]?.carried.merge(connection.traffic.protocols) { $0 + $1 }
        let wasIdentified = records[remote]?.identified.remove(id) != nil
        let wasGood =
            wasIdentified && NIODeadline.now() - connection.established >= configuration.timing.circuitGoodAfter
        records[remote]?.lastFailure = reason
        if records[remote]?.hasDirect == false { records[remote]?.directSince = nil }
        updateRoute(remote)
        let isLast = records[remote]?.connections.isEmpty ?? true
        emit(.disconnected(remote, reason, isLast: isLast))
        if isLast { for action in shared.withLock({ $0.whenGone }) { action(remote) } }
        logger.debug("peer disconnected", metadata: ["peer": "\(remote)", "reason": "\(reason)"])
        guard isRunning else { return }
        if isLast, records[remote]?.isRelay == true {
            if wasGood { records[remote]?.backoff.reset() }
            relayLost(remote)
        }
        if records[remote]?.isKept == true {
            retryLater(remote, soon: reason == .circuitEnded && wasGood)
        } else if isLast {
            records[remote] = nil
            guests.left(remote)
        }
    }

    /// There has been a direct connection for so long that nobody opens streams on this circuit any more.
    func isReplaced(_ circuit: Connection, now: NIODeadline) -> Bool {
        guard let since = records[circuit.peer]?.directSince else { return false }
        return now - since >= configuration.timing.replacedLinger
    }

    private func count(_ reason: DisconnectReason, _ peer: PeerID?) {
        switch reason {
        case .upgrade, .handshakeTimedOut: note(.handshake, of: peer)
        case .noise, .muxer: note(.frame, of: peer)
        default: break
        }
    }

    // MARK: What one peer may make us hold

    /// For a new connection: shared with those there are.
    func bytesInHand(of peer: PeerID) -> BytesInHand { records[peer]?.inHand ?? BytesInHand() }

    /// What a connection may have unread: its peer's part, without what the peer's other connections have of it.
    func unreadMax(of connection: Connection) -> Int {
        let limits = configuration.limits
        guard let record = records[connection.peer] else { return limits.unreadPerPeerMax }
        let max = record.isRelay ? limits.yamux.unreadMax : limits.unreadPerPeerMax
        return record.connections.reduce(max) { $1.id == connection.id ? $0 : $0 - $1.unread }
    }

    // MARK: Routes

    func updateRoute(_ peer: PeerID) {
        let route = records[peer].flatMap { record in
            record.preferred.map { Route(connection: $0, protocols: Set(record.protocols)) }
        }
        shared.withLock { $0.routes[peer] = route }
        let path = route?.connection.path
        guard let record = records[peer], record.isConfigured, record.path != path else { return }
        records[peer]?.path = path
        emit(.pathChanged(peer, path))
    }

    /// The peer does not serve what it told; ask next time.
    func lazyProtocolRefused(_ protocols: [String], by peer: PeerID) {
        records[peer]?.protocols.removeAll { protocols.contains($0) }
        updateRoute(peer)
    }

    // MARK: Opening streams

    /// Opens a stream for the first of `protocols` (most wanted first) that the peer serves, connecting if need be.
    ///
    /// On a live connection, with a protocol that identify has named, it costs neither a round trip nor a thread hop.
    ///
    /// - Throws: `StreamError.notConnected` when there is no connection in time, `.timedOut` when there is no
    ///   answer in time, `.refused` when none of the protocols is served.
    package nonisolated func newStream(
        to peer: PeerID, protocols: [String], within timeout: Duration = .seconds(10)
    ) async throws -> Stream {
        precondition(!protocols.isEmpty)
        if let route = shared.withLock({ $0.routes[peer] }) {
            if let known = protocols.first(where: route.protocols.contains) {
                return route.connection.openLazily(known)
            }
            return try await open(route.connection, protocols, within: timeout)
        }
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        let connection = try await connection(to: peer, within: timeout)
        return try await open(connection, protocols, within: deadline - clock.now)
    }

    private nonisolated func open(
        _ connection: Connection, _ protocols: [String], within timeout: Duration
    ) async throws -> Stream {
        do {
            return try await withDeadline(timeout) { try await connection.open(protocols) }
        } catch is DeadlineExceeded { throw StreamError.timedOut }
    }

    /// The connection to a peer; dials and waits if there is none.
    package func connection(to peer: PeerID, within timeout: Duration) async throws -> Connection {
        guard let record = records[peer] else { throw StreamError.unknownPeer(peer) }
        if let connection = record.preferred { return connection }
        guard record.waiters.count < configuration.limits.waitersPerPeerMax else { throw StreamError.tooManyWaiting }
        considerDialing(peer)
        let number = nextNumber()
        let timer = loop.scheduleTask(in: TimeAmount(timeout)) {
            self.assumeIsolated { $0.failWaiter(number, of: peer, StreamError.notConnected(peer)) }
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { records[peer]?.waiters[number] = $0 }
        } onCancel: {
            // After the lines above: they run on this loop.
            loop.execute { self.assumeIsolated { $0.failWaiter(number, of: peer, CancellationError()) } }
        }
    }

    private func failWaiter(_ number: Int, of peer: PeerID, _ error: any Error) {
        records[peer]?.waiters.removeValue(forKey: number)?.resume(throwing: error)
    }

    func failWaiters(of peer: PeerID, _ error: StreamError) {
        let waiters = records[peer]?.waiters ?? [:]
        records[peer]?.waiters = [:]
        for waiter in waiters.values { waiter.resume(throwing: error) }
    }

    // MARK: Peers and addresses

    /// Adds a peer, or addresses of one; it passes the gate and is dialed from now on.
    package func add(_ peer: PeerID, addresses: [Multiaddr]) {
        guard peer != self.peer else { return }
        var record =
            records[peer] ?? PeerRecord(addresses: [], isConfigured: true, timing: configuration.timing)
        record.isConfigured = true
        guests.left(peer)
        for address in addresses where !record.configuredAddresses.contains(address) {
            record.configuredAddresses.append(address)
        }
        record.backoff.reset()
        record.retry?.cancel()
        record.retry = nil
        records[peer] = record
        considerDialing(peer)
    }

    /// Forgets a peer and closes its connections; the gate refuses it from now on, unless it is open.
    package func remove(_ peer: PeerID) {
        guard let record = records.removeValue(forKey: peer) else { return }
        guests.left(peer)
        record.retry?.cancel()
        for waiter in record.directWaiters.values { waiter.resume(returning: false) }
        updateRoute(peer)
        for waiter in record.waiters.values { waiter.resume(throwing: StreamError.unknownPeer(peer)) }
        failWaitingMessages(for: peer, .unknownPeer(peer))
        closePendingDials(of: peer)
        for connection in record.connections { connection.closeOnLoop(.closedHere) }
        if !record.connections.isEmpty { for action in shared.withLock({ $0.whenGone }) { action(peer) } }
    }
}
