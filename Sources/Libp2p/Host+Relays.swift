import Glibc
import Logging
import NIOCore
import Program
import Timing

/// Relays: which ones, and this node's reservations with them. They are never waited for.
extension Host {
    /// A relay in use.
    struct Relay {
        var keeper: ReservationKeeper
        var timer: Scheduled<Void>?
    }

    /// Replaces the set of relays. Those that are gone are cut off, and the gate refuses them from now on.
    ///
    /// - Parameter new: ids and addresses; what is above the limits is left out.
    package func setRelays(_ new: [PeerID: [Multiaddr]]) {
        let kept = new.filter { $0.key != peer }.sorted { $0.key < $1.key }.prefix(configuration.limits.relaysMax)
        for relay in Array(relays.keys) where !kept.contains(where: { $0.key == relay }) { removeRelay(relay) }
        for (relay, addresses) in kept { addRelay(relay, addresses) }
    }

    private func addRelay(_ relay: PeerID, _ addresses: [Multiaddr]) {
        let timing = configuration.timing
        if relays[relay] == nil {
            relays[relay] = Relay(keeper: ReservationKeeper(backoffBase: timing.redialBase))
            shared.withLock { _ = $0.relays.insert(relay) }
        }
        var record = records[relay] ?? PeerRecord(addresses: [], isConfigured: false, timing: timing)
        record.isRelay = true
        record.backoff.reset()
        let usable = addresses.filter { $0.endpoint != nil && ($0.peer == nil || $0.peer == relay) }
        let changed = Array(usable.prefix(configuration.limits.addressesPerRelayMax))
        if record.isConfigured {
            record.configuredAddresses += changed.filter { !record.configuredAddresses.contains($0) }
        } else {
            record.configuredAddresses = changed
        }
        let isConnected = !record.connections.isEmpty
        record.retry?.cancel()
        record.retry = nil
        records[relay] = record
        if isConnected { relayConnected(relay) } else { considerDialing(relay) }
    }

    private func removeRelay(_ relay: PeerID) {
        relays.removeValue(forKey: relay)?.timer?.cancel()
        shared.withLock { shared in
            shared.relays.remove(relay)
            shared.faults = shared.faults.filter { $0.key.peer != relay }
        }
        if records[relay]?.isConfigured == true { records[relay]?.isRelay = false } else { remove(relay) }
    }

    /// Best first: where others reach us too, then the nearest.
    var connectedRelays: [PeerID] {
        relays.filter { records[$0.key]?.hasDirect == true }.map { relay, state in
            (relay, state.keeper.heldUntil == nil, records[relay]?.rtt ?? .seconds(60))
        }.sorted { ($0.1 ? 1 : 0, $0.2, $0.0) < ($1.1 ? 1 : 0, $1.2, $1.0) }.map(\.0)
    }

    // MARK: Reservations

    func relayConnected(_ relay: PeerID) {
        guard let effects = relays[relay]?.keeper.connected() else { return }
        apply(effects, relay)
        for peer in records.keys.sorted() { considerCircuits(to: peer) }
    }

    func relayLost(_ relay: PeerID) {
        guard let effects = relays[relay]?.keeper.disconnected() else { return }
        apply(effects, relay)
    }

    private func apply(_ effects: [ReservationKeeper.Effect], _ relay: PeerID) {
        for effect in effects {
            switch effect {
            case .ask:
                if !enqueue(.reserve(relay)) { reservationFailed(.unanswered("too much to do"), relay) }
            case .wait(let pause):
                relays[relay]?.timer?.cancel()
                relays[relay]?.timer = loop.scheduleTask(in: TimeAmount(pause)) {
                    self.assumeIsolated { host in
                        guard let effects = host.relays[relay]?.keeper.waited() else { return }
                        host.apply(effects, relay)
                    }
                }
            case .stopWaiting:
                relays[relay]?.timer?.cancel()
                relays[relay]?.timer = nil
            case .report(let report): emit(.reservation(relay, ReservationEvent(report)))
            }
        }
    }

    /// Asks a relay to let others reach us.
    nonisolated func reserve(at relay: PeerID) async {
        do {
            let reservation = try await withDeadline(configuration.timing.reserveTimeout) {
                let answer = try await self.ask(relay, HopMessage(.reserve))
                answer.stream.close()
                guard let reservation = answer.message.reservation else { throw Circuit.Failure.missing(field: 3) }
                return reservation
            }
            await reservationGranted(reservation, relay)
        } catch DisconnectReason.circuitRefused(let status) {
            await reservationFailed(.refused(status), relay)
        } catch {
            if error is Circuit.Failure { note(.circuit, of: relay) }
            await reservationFailed(.unanswered(Self.explain(error)), relay)
        }
    }

    private func reservationGranted(_ reservation: Reservation, _ relay: PeerID) {
        guard let effects = relays[relay]?.keeper.granted(until: reservation.expire, now: Self.unixSeconds) else {
            return
        }
        apply(effects, relay)
    }

    private static var unixSeconds: UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return UInt64(clamping: now.tv_sec)
    }

    private func reservationFailed(_ problem: ReservationKeeper.Problem, _ relay: PeerID) {
        var generator = SystemRandomNumberGenerator()
        guard let effects = relays[relay]?.keeper.failed(problem, now: Self.unixSeconds, using: &generator) else {
            return
        }
        apply(effects, relay)
    }

    static func explain(_ error: any Error) -> String {
        switch error {
        case is DeadlineExceeded: "no answer in time"
        case StreamError.refused: "it does not relay"
        case let failure as Circuit.Failure: "an answer that cannot be read: \(failure)"
        case let reason as DisconnectReason: "\(reason)"
        default: "\(SocketFault(error))"
        }
    }

    /// Sends a question to a relay and waits for a status of OK.
    ///
    /// - Throws: `DisconnectReason.circuitRefused` for another status, `Circuit.Failure` for what is no answer.
    nonisolated func ask(
        _ relay: PeerID, _ question: HopMessage
    ) async throws -> (stream: Stream, message: HopMessage) {
        guard let route = shared.withLock({ $0.routes[relay] }), route.connection.circuit == nil else {
            throw DisconnectReason.circuitFailed("not connected to relay \(relay)")
        }
        let stream = route.connection.openLazily(Circuit.hopProtocolID)
        try await stream.writeMessage(question.encode())
        let bytes: [UInt8]
        do { bytes = try await stream.readMessage(limit: Circuit.messageBytesMax) } catch StreamError.tooLong {
            throw Circuit.Failure.tooLong
        }
        let answer = try HopMessage(bytes)
        guard answer.kind == .status, let status = answer.status else { throw Circuit.Failure.missing(field: 5) }
        guard status == .ok else {
            stream.close()
            throw DisconnectReason.circuitRefused(status)
        }
        return (stream, answer)
    }
}
