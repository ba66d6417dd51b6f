import NIOCore

extension Multiaddr {
    /// Where a TCP socket goes: an address in text form or a host name, and a port.
    package struct Endpoint: Hashable, Sendable {
        package let host: String
        package let port: Int
        package let isHostName: Bool
    }

    /// For `/ip…|dns…/…/tcp/…[/p2p/…]`; nil for anything a plain TCP socket cannot reach.
    package var endpoint: Endpoint? {
        guard components.count == 2 || (components.count == 3 && peer != nil), case .tcp(let port) = components[1]
        else { return nil }
        return switch components[0] {
        case .ip4(let address): Endpoint(host: Self.text(address), port: Int(port), isHostName: false)
        case .ip6(let high, let low): Endpoint(host: Self.text(high, low), port: Int(port), isHostName: false)
        case .dns(let host), .dns4(let host), .dns6(let host): Endpoint(host: host, port: Int(port), isHostName: true)
        default: nil
        }
    }

    /// The peer at the end of the path.
    package var peer: PeerID? {
        if case .p2p(let peer) = components.last { peer } else { nil }
    }

    package func appending(_ component: Component) -> Multiaddr { Multiaddr(components + [component]) }

    /// Without a final `/p2p/…`; nil when nothing else is left.
    package var transport: Multiaddr? {
        guard peer != nil else { return self }
        return components.count > 1 ? Multiaddr(Array(components.dropLast())) : nil
    }

    /// Passes through a circuit relay.
    package var isRelayed: Bool { components.contains(.p2pCircuit) }

    /// `<address of the relay>/p2p/<relay>/p2p-circuit/p2p/<peer>`: the two ends of it, and how the relay is reached
    /// if that is told. Nil for anything else.
    package var circuit: (relay: PeerID, transport: Multiaddr?, peer: PeerID)? {
        guard let index = components.firstIndex(of: .p2pCircuit), index >= 1, index == components.count - 2,
            case .p2p(let relay) = components[index - 1], case .p2p(let peer) = components[index + 1]
        else { return nil }
        return (relay, index > 1 ? Multiaddr(Array(components[..<(index - 1)])) : nil, peer)
    }

    /// Where a peer is behind a relay.
    package static func circuit(to peer: PeerID, through relay: PeerID, at transport: Multiaddr? = nil) -> Multiaddr {
        Multiaddr((transport?.components ?? []) + [.p2p(relay), .p2pCircuit, .p2p(peer)])
    }

    package var isLoopback: Bool {
        switch components[0] {
        case .ip4(let address): address >> 24 == 127
        case .ip6(let high, let low): high == 0 && low == 1
        default: false
        }
    }

    /// 0.0.0.0 or ::.
    package var isUnspecified: Bool {
        switch components[0] {
        case .ip4(let address): address == 0
        case .ip6(let high, let low): high == 0 && low == 0
        default: false
        }
    }

    /// `/ip…/…/tcp/…` of a socket; nil for other kinds of socket.
    init?(_ address: SocketAddress) {
        guard let host = address.ipAddress, let number = address.port, let port = UInt16(exactly: number) else {
            return nil
        }
        switch address {
        case .v4:
            guard let ip = Self.parseIPv4(host) else { return nil }
            self.init([.ip4(ip), .tcp(port)])
        case .v6:
            // Link-local texts may carry a `%zone`.
            guard let (high, low) = Self.parseIPv6(String(host.prefix { $0 != "%" })) else { return nil }
            self.init([.ip6(high, low), .tcp(port)])
        case .unixDomainSocket: return nil
        }
    }
}
