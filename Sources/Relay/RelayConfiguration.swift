import Foundation
import Libp2p
import Program
import Secp256k1

/// What the operator of a relay decided. Flags of operations.md §3; checked by `validate` before anything is opened.
package struct RelayConfiguration: Sendable {
    /// Holds the relay's identity key.
    package var dataDirectory = ".charon"
    /// Makes a key where there is none.
    package var makesKey = true
    /// `ip:port` for multiaddrs and ENR; empty: none.
    package var httpAddress = "127.0.0.1:3640"
    /// `ip:port` for metrics; empty: none.
    package var monitoringAddress = ""
    /// `ip:port` each, at least one.
    package var p2pTCPAddresses: [String] = []
    package var p2pExternalIP: String?
    package var p2pExternalHostname: String?
    /// Per IP address, and circuits per peer.
    package var reservationsMax = 512
    /// Reservations in all.
    package var connectionsMax = 16384
    /// Tells private addresses of the machine too.
    package var advertisesPrivateAddresses = false

    /// How often peers of an unknown cluster are asked for it.
    package var clusterInterval = Duration.seconds(10)

    package init() {}

    /// - Throws: `ConfigurationError` naming the flag, what is wrong and what would be right.
    package func validate() throws(ConfigurationError) {
        if p2pTCPAddresses.isEmpty {
            throw ConfigurationError(
                flag: "p2p-tcp-address", what: "is missing",
                cure: "a relay must be reachable: give the address to listen on, e.g. 0.0.0.0:3610")
        }
        for address in p2pTCPAddresses { _ = try SocketAddressText(address, flag: "p2p-tcp-address") }
        if !httpAddress.isEmpty { _ = try SocketAddressText(httpAddress, flag: "http-address") }
        if !monitoringAddress.isEmpty { _ = try SocketAddressText(monitoringAddress, flag: "monitoring-address") }
        for (flag, value) in [("p2p-max-reservations", reservationsMax), ("p2p-max-connections", connectionsMax)]
        where !(1...1_000_000).contains(value) {
            throw ConfigurationError(flag: flag, what: "is \(value)", cure: "use 1 to 1000000")
        }
        if let ip = p2pExternalIP, (try? Multiaddr("/\(ip.contains(":") ? "ip6" : "ip4")/\(ip)")) == nil {
            throw ConfigurationError(flag: "p2p-external-ip", what: "is \(ip)", cure: "write an IP address")
        }
        if let name = p2pExternalHostname, (try? Multiaddr("/dns/\(name)")) == nil {
            throw ConfigurationError(flag: "p2p-external-hostname", what: "is \(name)", cure: "write a DNS name")
        }
    }

    /// Everything that is one connection per peer, and no more, for a host that only relays.
    func hostConfiguration(identity: PrivateKey) throws -> HostConfiguration {
        var host = HostConfiguration(identity: identity, agentVersion: BuildInfo.userAgent)
        host.isGateOpen = true
        host.listen = try p2pTCPAddresses.map { text in
            let address = try SocketAddressText(text, flag: "p2p-tcp-address")
            return try Multiaddr("/\(address.isIPv6 ? "ip6" : "ip4")/\(address.host)/tcp/\(address.port)")
        }
        // Peers may be connected without a reservation: those that dial.
        host.limits.guestsMax = 2 * connectionsMax
        host.limits.guestsPerOriginMax = 2 * reservationsMax
        host.limits.pendingInboundMax = 1024
        host.limits.handlingsMax = 4 * connectionsMax
        host.limits.eventsMax = 1 << 16
        // What waits for a slow reader stays in its sender: windows do not grow.
        host.limits.yamux.windowMax = Yamux.initialWindow
        // A peer may have as many circuits as it has others to talk to.
        host.limits.unreadPerPeerMax = host.limits.yamux.unreadMax
        host.timing.pingInterval = .seconds(10)
        return host
    }
}
