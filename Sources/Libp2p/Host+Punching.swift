import Logging
import NIOCore
import Timing

/// From a circuit to a direct connection where neither side can simply be dialed: both dial at the same moment.
///
/// The side that was reached through the relay begins, after dialing the addresses it was told has failed; it then plays
/// the listener on its own sockets, for one of two must. What a peer can make us dial is bounded three ways: what kind
/// of address (`Multiaddr.punchable`), how many, and how often (`DialBudget`). Source: libp2p relay/DCUtR.md.
extension Host {
    static let punchRounds = 3

    /// Begins, once for each circuit, when plain dialing has failed.
    func considerPunching(_ peer: PeerID) {
        guard isRunning, let record = records[peer], record.isConfigured, !record.hasDirect, record.round == nil,
            record.protocols.contains(HolePunch.protocolID), configuration.reusesPort, !boundAddresses.isEmpty,
            let connection = record.connections.last(where: { connection in
                connection.circuit != nil && connection.direction == .inbound
                    && record.identified.contains(connection.id)
            }), record.punchedOn != connection.id
        else { return }
        if enqueue(.punch(connection)) { records[peer]?.punchedOn = connection.id }
    }

    nonisolated func punch(_ connection: Connection) async {
        let peer = connection.peer
        do {
            let stream = connection.openLazily(HolePunch.protocolID)
            for _ in 0..<Self.punchRounds {
                let own = await punchAddresses(over: connection)
                guard !own.isEmpty, await takeBudget(of: peer) else { break }
                let clock = ContinuousClock()
                let start = clock.now
                let answer = try await withDeadline(configuration.timing.punchTimeout) {
                    try await stream.writeMessage(HolePunch(.connect, addresses: own).encode())
                    return try HolePunch(try await stream.readMessage(limit: HolePunch.messageBytesMax))
                }
                guard answer.kind == .connect else { throw Circuit.Failure.unknownKind(answer.kind.rawValue) }
                let rtt = clock.now - start
                try await stream.writeMessage(HolePunch(.sync).encode())
                try await Task.sleep(for: rtt / 2)
                if await dial(peer, answer.addresses, as: .listener, over: connection) { break }
            }
            stream.close()
        } catch {
            punchFailed(error, peer)
        }
    }

    /// The other side of it.
    nonisolated func servePunch(_ stream: Stream) async {
        let (connection, peer) = (stream.connection, stream.peer)
        guard connection.circuit != nil else {
            note(.holePunch, of: peer)
            return stream.reset()
        }
        do {
            for _ in 0..<Self.punchRounds {
                guard let bytes = try await stream.readMessageIfAny(limit: HolePunch.messageBytesMax) else { return }
                let question = try HolePunch(bytes)
                guard question.kind == .connect else { throw Circuit.Failure.unknownKind(question.kind.rawValue) }
                let own = await punchAddresses(over: connection)
                guard !own.isEmpty, await takeBudget(of: peer) else { return }
                try await stream.writeMessage(HolePunch(.connect, addresses: own).encode())
                let sync = try HolePunch(try await stream.readMessage(limit: HolePunch.messageBytesMax))
                guard sync.kind == .sync else { throw Circuit.Failure.unknownKind(sync.kind.rawValue) }
                if await dial(peer, question.addresses, as: .dialer, over: connection) { return }
            }
        } catch {
            punchFailed(error, peer)
            stream.reset()
        }
    }

    private nonisolated func punchFailed(_ error: any Error, _ peer: PeerID) {
        switch error {
        case is Circuit.Failure, StreamError.tooLong, StreamError.malformedLength: note(.holePunch, of: peer)
        default: break
        }
        logger.debug("hole punch", metadata: ["peer": "\(peer)", "error": "\(error)"])
    }

    private func takeBudget(of peer: PeerID) -> Bool {
        records[peer]?.punchBudget.take(now: .now()) == true
    }

    /// Where we may be reached: what we announce and bind, and what relays see of us.
    private func punchAddresses(over connection: Connection) -> [Multiaddr] {
        let seen = relays.keys.sorted().compactMap { records[$0]?.observed }
        return Multiaddr.punchable(
            advertised + seen, relay: connection.remoteAddress, max: configuration.limits.learnedAddressesMax)
    }

    /// Dials all of them at once.
    ///
    /// - Returns: whether a direct connection came up in time, ours or the peer's.
    private func dial(
        _ peer: PeerID, _ addresses: [Multiaddr], as role: Yamux.Role, over connection: Connection
    ) async -> Bool {
        guard isRunning, let record = records[peer], connection.isOpen else { return false }
        if record.hasDirect { return true }
        let addresses = Multiaddr.punchable(
            addresses, relay: connection.remoteAddress, max: configuration.limits.learnedAddressesMax)
        for address in addresses {
            let attempt = DialAttempt(peer: peer, number: nextNumber(), address: address, role: role)
            records[peer]?.punches.insert(attempt)
            connect(attempt)
        }
        let timer = loop.scheduleTask(in: TimeAmount(configuration.timing.punchTimeout)) {
            self.assumeIsolated { $0.resumeDirectWaiters(of: peer, false) }
        }
        let number = nextNumber()
        let isDirect = await withCheckedContinuation { records[peer]?.directWaiters[number] = $0 }
        timer.cancel()
        let punches = records[peer]?.punches ?? []
        records[peer]?.punches = []
        closePending { punches.contains($0) }
        return isDirect
    }

    func resumeDirectWaiters(of peer: PeerID, _ isDirect: Bool) {
        let waiters = records[peer]?.directWaiters ?? [:]
        records[peer]?.directWaiters = [:]
        for waiter in waiters.values { waiter.resume(returning: isDirect) }
    }
}
