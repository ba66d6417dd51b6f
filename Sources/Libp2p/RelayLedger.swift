/// What a circuit relay has promised and what it carries: reservations and circuits, each within limits.
///
///     reserve ──► reserved until it expires, or the peer's last connection ends
///     connect ──► a circuit between two peers, until `ended`
///
/// A circuit outlives the reservation it was opened under. Time is Unix seconds, as on the wire; a clock set back only
/// makes reservations last longer. Source: spec/p2p.md §8.7, libp2p circuit-v2.md.
package struct RelayLedger: Sendable {
    package struct Limits: Sendable {
        /// Reservations of all peers: `--p2p-max-connections`.
        package var reservationsMax = 16384
        /// Reservations from one IPv4 address, or from one /64 of IPv6: `--p2p-max-reservations`.
        package var reservationsPerAddressMax = 512
        /// Circuits that one peer is an end of: `--p2p-max-reservations`.
        package var circuitsPerPeerMax = 512
        /// Circuits in all. Charon has no such limit; one circuit can make us hold up to 768 KiB (two windows and two
        /// queues each way), so this is what bounds the relay's memory.
        package var circuitsMax = 8192
        package var reservationSeconds: UInt64 = 3600
        /// 0 would mean no limit on the wire, and is not meant here.
        package var circuitSeconds: UInt32 = 3600
        /// In each direction.
        package var circuitBytesMax: UInt64 = 32 << 20
        package init() {}
    }

    package typealias CircuitNumber = Int

    package enum Reserve: Equatable, Sendable {
        case granted(expires: UInt64)
        case refused(CircuitStatus)
    }

    package enum Connect: Equatable, Sendable {
        /// Counts from now on, before the target has agreed: `ended` gives it back in any case.
        case opening(CircuitNumber)
        case refused(CircuitStatus)
    }

    private struct Reservation: Sendable {
        var expires: UInt64
        let address: Multiaddr.Component?
    }

    package let limits: Limits
    private var reservations: [PeerID: Reservation] = [:]
    private var perAddress: [Multiaddr.Component: Int] = [:]
    private var circuits: [CircuitNumber: (source: PeerID, target: PeerID)] = [:]
    private var perPeer: [PeerID: Int] = [:]
    private var lastCircuit = 0
    private var lastExpiry: UInt64 = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var reservationCount: Int { reservations.count }
    package var circuitCount: Int { circuits.count }

    package func hasReservation(_ peer: PeerID, at now: UInt64) -> Bool {
        reservations[peer].map { $0.expires > now } ?? false
    }

    // MARK: Events

    /// A peer asks for a reservation, or to prolong the one it has; that always succeeds.
    ///
    /// - Parameters:
    ///   - address: where its connection comes from; nil if unknown.
    ///   - isRelayed: it asks through another relay.
    package mutating func reserve(
        _ peer: PeerID, from address: Multiaddr?, isRelayed: Bool, at now: UInt64
    ) -> Reserve {
        guard !isRelayed else { return .refused(.permissionDenied) }
        let expires = now + limits.reservationSeconds
        let source = address?.origin
        // A peer that came back from elsewhere is counted there.
        if let old = reservations[peer], old.address == source {
            reservations[peer]?.expires = expires
            return .granted(expires: expires)
        }
        if isFull(source) { expire(at: now) }
        let isMoving = reservations[peer] != nil
        guard isMoving || reservations.count < limits.reservationsMax, !isCrowded(source) else {
            return .refused(.reservationRefused)
        }
        drop(peer)
        reservations[peer] = Reservation(expires: expires, address: source)
        if let source { perAddress[source, default: 0] += 1 }
        return .granted(expires: expires)
    }

    /// A peer asks for a circuit to another.
    package mutating func connect(
        from source: PeerID, to target: PeerID, isRelayed: Bool, at now: UInt64
    ) -> Connect {
        guard !isRelayed, source != target else { return .refused(.permissionDenied) }
        guard hasReservation(target, at: now) else { return .refused(.noReservation) }
        guard circuits.count < limits.circuitsMax, perPeer[source, default: 0] < limits.circuitsPerPeerMax,
            perPeer[target, default: 0] < limits.circuitsPerPeerMax
        else { return .refused(.resourceLimitExceeded) }
        lastCircuit += 1
        circuits[lastCircuit] = (source, target)
        perPeer[source, default: 0] += 1
        perPeer[target, default: 0] += 1
        return .opening(lastCircuit)
    }

    /// The circuit is over, or was never finished.
    package mutating func ended(_ circuit: CircuitNumber) {
        guard let ends = circuits.removeValue(forKey: circuit) else { return }
        for peer in [ends.source, ends.target] {
            let count = perPeer[peer, default: 1] - 1
            perPeer[peer] = count > 0 ? count : nil
        }
    }

    /// The peer's last connection is gone, and its reservation with it. Its circuits end by themselves.
    package mutating func disconnected(_ peer: PeerID) { drop(peer) }

    /// Forgets what is over. Cheap when called again within a second.
    package mutating func expire(at now: UInt64) {
        guard now != lastExpiry else { return }
        lastExpiry = now
        for (peer, reservation) in reservations where reservation.expires <= now { drop(peer) }
    }

    // MARK: Parts

    private func isFull(_ source: Multiaddr.Component?) -> Bool {
        reservations.count >= limits.reservationsMax || isCrowded(source)
    }

    private func isCrowded(_ source: Multiaddr.Component?) -> Bool {
        source.map { perAddress[$0, default: 0] >= limits.reservationsPerAddressMax } ?? false
    }

    private mutating func drop(_ peer: PeerID) {
        guard let address = reservations.removeValue(forKey: peer)?.address else { return }
        let count = perAddress[address, default: 1] - 1
        perAddress[address] = count > 0 ? count : nil
    }
}
