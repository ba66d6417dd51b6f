/// Connections from outside that have not proved who they are, so that nobody who only knocks keeps others out. Pure.
///
/// A socket always gets in: when all places are taken, the oldest of the most crowded neighbourhood gives way, so one
/// corner of the network displaces itself as soon as others come. A circuit is counted with the relay that brings it,
/// and there with the peer that the relay names: a relay that lies fills its own places only, in nobody else's name.
struct WaitingRoom: Sendable {
    enum Guest: Hashable, Sendable {
        /// Its neighbourhood; nil if unknown.
        case socket(Multiaddr.Component?)
        /// The relay's word for who comes is not proved.
        case circuit(relay: PeerID, peer: PeerID)
    }

    enum Entrance: Equatable, Sendable {
        case entered
        /// This one has lost its place.
        case enteredInsteadOf(Int)
        case full
    }

    private var guests: [Int: Guest] = [:]

    var count: Int { guests.count }

    /// - Parameter id: grows with each guest, so that the lowest is the oldest.
    mutating func enter(_ id: Int, _ guest: Guest, _ limits: HostConfiguration.Limits) -> Entrance {
        guard hasRoom(for: guest, limits) else { return .full }
        guests[id] = guest
        guard case .socket = guest, let dispensable = dispensable(limits.pendingInboundMax) else { return .entered }
        guests[dispensable] = nil
        return .enteredInsteadOf(dispensable)
    }

    /// It has proved who it is, or is gone.
    mutating func left(_ id: Int) { guests[id] = nil }

    func hasRoom(for guest: Guest, _ limits: HostConfiguration.Limits) -> Bool {
        guard case .circuit(let relay, _) = guest else { return true }
        let ofRelay = guests.values.count { if case .circuit(relay, _) = $0 { true } else { false } }
        return ofRelay < limits.pendingCircuitsPerRelayMax
            && guests.values.count { $0 == guest } < limits.pendingCircuitsPerRelayAndPeerMax
    }

    /// The socket that is one too many.
    private func dispensable(_ max: Int) -> Int? {
        var neighbourhoods: [Multiaddr.Component?: (count: Int, oldest: Int)] = [:]
        var sockets = 0
        for case (let id, .socket(let neighbourhood)) in guests {
            sockets += 1
            let known = neighbourhoods[neighbourhood] ?? (0, id)
            neighbourhoods[neighbourhood] = (known.count + 1, min(known.oldest, id))
        }
        guard sockets > max else { return nil }
        return neighbourhoods.values.max { ($0.count, -$0.oldest) < ($1.count, -$1.oldest) }?.oldest
    }
}

extension Multiaddr.Component {
    /// What one party can rent whole, and so fill alone: a /64 of IPv6, a /24 of IPv4. Unlike `Multiaddr.origin` it only
    /// ranks who gives way, so honest neighbours lose nothing by being counted together.
    var neighbourhood: Self {
        switch unmapped {
        case .ip4(let address): .ip4(address & 0xffff_ff00)
        case .ip6(let high, _): .ip6(high, 0)
        default: self
        }
    }

    /// IPv4 as a socket for both families tells it, ::ffff:a.b.c.d, in its own form.
    var unmapped: Self {
        if case .ip6(0, let low) = self, low >> 32 == 0xffff { .ip4(UInt32(truncatingIfNeeded: low)) } else { self }
    }
}
