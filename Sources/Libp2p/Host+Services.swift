import Logging
import NIOCore
import Timing

/// identify and ping, both sides, and what the host tells about its peers.
extension Host {
    static let pingProtocolID = "/ipfs/ping/1.0.0"
    static let pingBytes = 32
    /// go-libp2p gives up 10 s after the last ping; a stream that lives longer is no ping.
    private static let pingIdleMax = Duration.seconds(10)
    private static let pingStreamMax = Duration.seconds(60)

    /// Before `run` begins to listen. Handlers that are there stay.
    func registerOwnProtocols() {
        let mine = shared.withLock { $0.handlers }
        defer { shared.withLock { $0.handlers.merge(mine) { _, mine in mine } } }
        handle(Identify.protocolID, concurrentPerPeer: 8) { [unowned self] stream, _ in
            try await stream.writeMessage(self.describe(to: stream.connection).encode(), closing: true)
        }
        handle(Identify.pushProtocolID, concurrentPerPeer: 8) { [unowned self] stream, _ in
            await self.merge(try await Self.readIdentify(stream), pushedOn: stream.connection)
        }
        handle(
            Circuit.stopProtocolID, timeout: nil, concurrentPerPeer: configuration.limits.circuitsPerRelayMax
        ) { [unowned self] stream, _ in try await self.serveStop(stream) }
        handle(HolePunch.protocolID, timeout: .seconds(30), concurrentPerPeer: 1) { [unowned self] stream, _ in
            await self.servePunch(stream)
        }
        handle(Self.pingProtocolID, timeout: Self.pingStreamMax, concurrentPerPeer: 8) { stream, _ in
            while true {
                let bytes = try await withDeadline(Self.pingIdleMax) { try await stream.readPing() }
                guard let bytes else { return }
                try await stream.write(bytes)
            }
        }
    }

    // MARK: Own side

    /// Asks a new connection who it is, then pings while it lives. A peer that does not answer holds up nobody.
    nonisolated func attend(_ connection: Connection) async {
        do {
            let message = try await withDeadline(configuration.timing.identifyTimeout) {
                let stream = connection.openLazily(Identify.protocolID)
                let message = try await Self.readIdentify(stream)
                stream.close()
                return message
            }
            await identified(message, on: connection)
        } catch {
            if connection.isOpen, !Task.isCancelled { note(.identify, of: connection.peer) }
        }
        await keepPinging(connection)
    }

    static func readIdentify(_ stream: Stream) async throws -> Identify {
        var message = Identify()
        for _ in 0..<Identify.messagesMax {
            guard let bytes = try await stream.readMessageIfAny(limit: Identify.messageBytesMax) else { return message }
            try message.merge(ByteBuffer(bytes: bytes))
        }
        guard try await stream.read() == nil else { throw Identify.Failure.tooManyEntries }
        return message
    }

    private nonisolated func keepPinging(_ connection: Connection) async {
        let timing = configuration.timing
        var backoff = Backoff(base: timing.pingInterval, max: timing.pingBackoffMax)
        var generator = SystemRandomNumberGenerator()
        var pause = timing.pingInterval
        while connection.isOpen {
            do { try await Task.sleep(for: pause) } catch { return }
            guard connection.isOpen, isPreferred(connection) else { continue }
            do {
                let rtt = try await withDeadline(timing.pingTimeout) { try await Self.ping(connection) }
                await pinged(connection.peer, rtt)
                backoff.reset()
                pause = timing.pingInterval
            } catch {
                guard connection.isOpen, !Task.isCancelled else { return }
                note(.ping, of: connection.peer)
                await pinged(connection.peer, nil)
                pause = backoff.next(using: &generator)
            }
        }
    }

    /// One ping on a stream of its own, as Charon does it.
    private static func ping(_ connection: Connection) async throws -> Duration {
        let stream = connection.openLazily(pingProtocolID)
        let bytes = (0..<pingBytes).map { _ in UInt8.random(in: .min ... .max) }
        let clock = ContinuousClock()
        let start = clock.now
        try await stream.write(bytes)
        guard try await stream.read(exactly: pingBytes) == bytes else { throw StreamError.truncated }
        let rtt = clock.now - start
        stream.close()
        return rtt
    }

    /// One ping over the connection that new streams take; dials and waits if there is none.
    ///
    /// - Returns: the round trip, without the time for the connection.
    /// - Throws: `DeadlineExceeded`, `StreamError`.
    package nonisolated func ping(_ peer: PeerID, within timeout: Duration) async throws -> Duration {
        try await withDeadline(timeout) {
            try await Self.ping(try await self.connection(to: peer, within: timeout))
        }
    }

    private func pinged(_ peer: PeerID, _ rtt: Duration?) {
        guard let rtt else { return emit(.pingFailed(peer)) }
        records[peer]?.rtt = rtt
        emit(.pinged(peer, rtt))
    }

    private nonisolated func isPreferred(_ connection: Connection) -> Bool {
        shared.withLock { $0.routes[connection.peer]?.connection === connection }
    }

    // MARK: What peers tell

    private func identified(_ message: Identify, on connection: Connection) {
        guard message.peer == nil || message.peer == connection.peer else {
            return note(.identify, of: connection.peer)
        }
        records[connection.peer]?.identified.insert(connection.id)
        if connection.circuit == nil {
            records[connection.peer]?.observed = message.observedAddress
            if records[connection.peer]?.directSince == nil { records[connection.peer]?.directSince = .now() }
        }
        // A connection that got this far is a good one: the next loss is a new story. Of a relay each is told to the
        // operator, so it has to last.
        if records[connection.peer]?.isRelay == false { records[connection.peer]?.backoff.reset() }
        records[connection.peer]?.protocols = message.protocols
        take(message, from: connection)
        guard connection.circuit != nil else { return }
        // Now its own addresses are known: try them at once, but not for every circuit of somebody who makes many.
        guard records[connection.peer]?.upgradeBudget.take(now: .now()) == true else {
            return retryLater(connection.peer)
        }
        records[connection.peer]?.retry?.cancel()
        records[connection.peer]?.retry = nil
        considerDialing(connection.peer)
    }

    private func merge(_ message: Identify, pushedOn connection: Connection) {
        guard message.peer == nil || message.peer == connection.peer else {
            return note(.identify, of: connection.peer)
        }
        if !message.protocols.isEmpty { records[connection.peer]?.protocols = message.protocols }
        take(message, from: connection)
    }

    private func take(_ message: Identify, from connection: Connection) {
        let peer = connection.peer
        guard var record = records[peer] else { return }
        if let agent = message.agentVersion { record.agentVersion = agent }
        let changed =
            record.isConfigured && !message.listenAddresses.isEmpty
            && record.learn(
                message.listenAddresses, from: connection.remoteAddress, peer: peer,
                max: configuration.limits.learnedAddressesMax)
        records[peer] = record
        updateRoute(peer)
        if changed { onAddresses(peer, record.memorable) }
        emit(.identified(peer, message))
    }

    // MARK: What we tell

    private func describe(to connection: Connection) -> Identify {
        var message = Identify()
        message.peer = peer
        message.listenAddresses = advertised
        message.protocols = shared.withLock { $0.handlers.keys.sorted() }
        message.observedAddress = connection.circuit == nil ? connection.remoteAddress : nil
        message.protocolVersion = "ipfs/0.1.0"
        message.agentVersion = configuration.agentVersion
        return message
    }

    /// Announced addresses, then bound ones; `0.0.0.0` and `::` become the addresses of the interfaces.
    package var advertised: [Multiaddr] {
        var result = announced
        for address in boundAddresses {
            for expanded in address.isUnspecified ? Self.interfaces(for: address) : [address]
            where !result.contains(expanded) && result.count < Identify.addressesMax / 2 {
                result.append(expanded)
            }
        }
        return result
    }

    private static func interfaces(for address: Multiaddr) -> [Multiaddr] {
        guard case .tcp(let port) = address.components.last, let devices = try? System.enumerateDevices() else {
            return []
        }
        return devices.compactMap { device in
            guard let own = device.address.flatMap({ Multiaddr($0) }), let kind = address.components.first else {
                return nil
            }
            switch (kind, own.components[0]) {
            case (.ip4, .ip4), (.ip6, .ip6): return Multiaddr([own.components[0], .tcp(port)])
            default: return nil
            }
        }
    }

    /// Replaces the announced addresses and tells all connected peers that understand it.
    package func announce(_ addresses: [Multiaddr]) async {
        guard addresses != announced else { return }
        announced = addresses
        let routes = shared.withLock { $0.routes.values.filter { $0.protocols.contains(Identify.pushProtocolID) } }
        for route in routes {
            let stream = route.connection.openLazily(Identify.pushProtocolID)
            do {
                try await stream.writeMessage(describe(to: route.connection).encode(), closing: true)
                stream.close()
            } catch {
                // The next identify of that peer will tell.
                logger.debug("push addresses", metadata: ["peer": "\(stream.peer)", "error": "\(error)"])
            }
        }
    }

    // MARK: Status

    /// All configured peers, and whoever else is connected, in the order of their ids.
    package func status() -> [PeerStatus] {
        records.sorted { $0.key < $1.key }.map { peer, record in
            PeerStatus(
                peer: peer, isConnected: !record.connections.isEmpty, path: record.preferred?.path,
                isRelay: record.isRelay,
                links: record.connections.map { connection in
                    let traffic = connection.traffic
                    return PeerStatus.Link(
                        address: connection.remoteAddress, direction: connection.direction, path: connection.path,
                        isLimited: connection.isLimited,
                        bytesReceived: traffic.bytesReceived, bytesSent: traffic.bytesSent, streams: traffic.streams)
                },
                rtt: record.rtt, agentVersion: record.agentVersion, protocols: record.protocols,
                knownAddresses: record.dialable, lastFailure: record.lastFailure,
                carried: record.connections.reduce(into: record.carried) { carried, connection in
                    carried.merge(connection.traffic.protocols) { $0 + $1 }
                },
                streams: record.connections.reduce(into: [:]) { streams, connection in
                    streams.merge(connection.openStreams) { $0 + $1 }
                })
        }
    }

    /// All relays in use, in the order of their ids.
    package func relayStatus() -> [RelayStatus] {
        relays.sorted { $0.key < $1.key }.map { relay, state in
            let record = records[relay]
            var problem: String?
            if case .pausing(let reason) = state.keeper.state { problem = "\(reason)" }
            let circuits = records.filter { $0.value.connections.contains { $0.circuit?.relay == relay } }
            return RelayStatus(
                relay: relay, isConnected: record?.connections.isEmpty == false,
                reservedUntil: state.keeper.heldUntil, problem: problem, rtt: record?.rtt,
                addresses: record?.configuredAddresses ?? [], circuits: circuits.keys.sorted(),
                lastFailure: record?.lastFailure)
        }
    }

    /// What peers did wrong so far.
    package nonisolated func faults() -> [PeerFaultCount] {
        shared.withLock { shared in
            shared.faults.map { PeerFaultCount(peer: $0.key.peer, fault: $0.key.fault, count: $0.value) }
        }
    }
}

extension Stream {
    /// 32 bytes, or nil when the other side is done.
    fileprivate func readPing() async throws -> ByteBuffer? {
        var collected = ByteBuffer()
        while collected.readableBytes < Host.pingBytes {
            guard var piece = try await read(upTo: Host.pingBytes - collected.readableBytes) else { return nil }
            collected.writeBuffer(&piece)
        }
        return collected
    }
}
