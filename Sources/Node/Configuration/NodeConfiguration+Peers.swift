import Libp2p
import Program

/// Peer-to-peer flags, read. Each error names its flag.
extension NodeConfiguration {
    /// What `styx run` uses when nothing is said, as `charon run` does.
    package static let defaultRelays = [
        "https://0.relay.obol.tech", "https://1.relay.obol.tech", "https://2.relay.obol.dev",
    ]

    package func listenAddresses() throws(ConfigurationError) -> [Multiaddr] {
        var addresses: [Multiaddr] = []
        for text in p2pTCPAddresses {
            let address = try SocketAddressText(text, flag: "p2p-tcp-address")
            let family = address.isIPv6 ? "ip6" : "ip4"
            guard let parsed = try? Multiaddr("/\(family)/\(address.host)/tcp/\(address.port)") else {
                throw ConfigurationError(flag: "p2p-tcp-address", what: "is \(text)", cure: "write ip:port")
            }
            addresses.append(parsed)
        }
        return addresses
    }

    /// The external IP address and name, with each listening port.
    package func announcedAddresses() throws(ConfigurationError) -> [Multiaddr] {
        var hosts: [String] = []
        if let ip = p2pExternalIP {
            let host = "/\(ip.contains(":") ? "ip6" : "ip4")/\(ip)"
            guard (try? Multiaddr(host))?.components.count == 1 else {
                throw ConfigurationError(
                    flag: "p2p-external-ip", what: "is \(ip)", cure: "write an IPv4 or IPv6 address, e.g. 203.0.113.7")
            }
            hosts.append(host)
        }
        if let name = p2pExternalHostname {
            guard Self.isHostName(name), let address = try? Multiaddr("/dns/\(name)") else {
                throw ConfigurationError(
                    flag: "p2p-external-hostname", what: "is \(name)", cure: "write a DNS name, e.g. node.example.org")
            }
            hosts.append("\(address)")
        }
        var addresses: [Multiaddr] = []
        for text in p2pTCPAddresses {
            let port = try SocketAddressText(text, flag: "p2p-tcp-address").port
            for host in hosts {
                if let address = try? Multiaddr("\(host)/tcp/\(port)"), !addresses.contains(address) {
                    addresses.append(address)
                }
            }
        }
        return addresses
    }

    /// Labels of 1 to 63 letters, digits and hyphens, also of other scripts; a final dot is tolerated.
    static func isHostName(_ name: String) -> Bool {
        var labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count > 1, labels.last == "" { labels.removeLast() }
        return name.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
            }
    }
}
