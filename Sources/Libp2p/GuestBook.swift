/// Who was let in through an open gate, and from where, so that one place cannot take all the room. Pure.
struct GuestBook: Sendable {
    private var origins: [PeerID: Multiaddr.Component?] = [:]
    private var perOrigin: [Multiaddr.Component: Int] = [:]

    var count: Int { origins.count }

    /// Enters a new guest.
    ///
    /// - Parameter address: where it comes from; nil if unknown, and then not counted by place.
    /// - Returns: false if there is no room for it.
    mutating func admit(_ peer: PeerID, from address: Multiaddr?, max: Int, perOriginMax: Int) -> Bool {
        guard origins[peer] == nil else { return true }
        let origin = address?.origin
        guard origins.count < max, origin.map({ perOrigin[$0, default: 0] < perOriginMax }) ?? true else {
            return false
        }
        origins[peer] = .some(origin)
        if let origin { perOrigin[origin, default: 0] += 1 }
        return true
    }

    /// The guest is gone.
    mutating func left(_ peer: PeerID) {
        guard let origin = origins.removeValue(forKey: peer) ?? nil else { return }
        let count = perOrigin[origin, default: 1] - 1
        perOrigin[origin] = count > 0 ? count : nil
    }
}

extension Multiaddr {
    /// What one party is assumed to hold: an IPv4 address, or a /64 of IPv6; nil for anything else.
    var origin: Component? {
        switch components[0].unmapped {
        case .ip4(let address): .ip4(address)
        case .ip6(let high, _): .ip6(high, 0)
        default: nil
        }
    }
}
