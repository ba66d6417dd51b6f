/// Who can be at an address: what may be dialed on somebody else's word.
extension Multiaddr {
    enum Reach: Int, Comparable, Sendable {
        /// 127.0.0.0/8, ::1.
        case loopback
        /// Link-local, RFC 1918, RFC 6598, unique-local.
        case privateNetwork
        /// Everything else a packet can be sent to.
        case publicNetwork

        static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    }

    /// Nil for names, for what is no host (unspecified, multicast, broadcast, documentation), and for other transports.
    var reach: Reach? {
        switch components[0] {
        case .ip4(let address): Self.reach(address)
        case .ip6(let high, let low): Self.reach(high, low)
        default: nil
        }
    }

    /// Loopback, or an address of use inside its own network only.
    package var isPrivateNetwork: Bool { reach == .loopback || reach == .privateNetwork }

    private static func reach(_ address: UInt32) -> Reach? {
        func isIn(_ network: UInt32, _ bits: UInt32) -> Bool { address >> (32 - bits) == network >> (32 - bits) }
        if isIn(0x7f00_0000, 8) { return .loopback }
        // 0/8, and 224/4 with everything above it.
        if isIn(0, 8) || address >= 0xe000_0000 { return nil }
        let isPrivate =
            isIn(0x0a00_0000, 8) || isIn(0xac10_0000, 12) || isIn(0xc0a8_0000, 16) || isIn(0xa9fe_0000, 16)
            || isIn(0x6440_0000, 10)
        if isPrivate { return .privateNetwork }
        // Documentation and benchmarks.
        if isIn(0xc000_0200, 24) || isIn(0xc633_6400, 24) || isIn(0xcb00_7100, 24) || isIn(0xc612_0000, 15) {
            return nil
        }
        return .publicNetwork
    }

    private static func reach(_ high: UInt64, _ low: UInt64) -> Reach? {
        if high == 0 {
            if low == 1 { return .loopback }
            // ::ffff:a.b.c.d is the IPv4 address; anything else here is no host.
            return low >> 32 == 0xffff ? reach(UInt32(truncatingIfNeeded: low)) : nil
        }
        // ff00::/8 and 2001:db8::/32.
        if high >> 56 == 0xff || high >> 32 == 0x2001_0db8 { return nil }
        // fe80::/10 and fc00::/7.
        if high >> 54 == 0xfe80 >> 6 || high >> 57 == 0xfc >> 1 { return .privateNetwork }
        return .publicNetwork
    }

    /// Addresses of a hole punch that are worth a packet.
    ///
    /// A stranger's word must not make us knock at doors inside our own network. So only public addresses count, unless
    /// the relay itself is reached over a private network or loopback: then both peers may be there too.
    ///
    /// - Parameter relay: where we reach the relay.
    static func punchable(_ addresses: [Multiaddr], relay: Multiaddr?, max: Int) -> [Multiaddr] {
        let least = relay?.reach ?? .publicNetwork
        var seen: Set<Endpoint> = []
        let usable = addresses.compactMap(\.transport).filter { address in
            guard let endpoint = address.endpoint, endpoint.port > 0, let reach = address.reach else { return false }
            return reach >= least && seen.insert(endpoint).inserted
        }
        return Array(usable.prefix(max))
    }
}
