import Cluster
import Libp2p
import Secp256k1

/// Where a relay says it is: given addresses first, then those of the machine, public before private.
///
/// Pure: who resolved the host name, and when, is not its business.
package struct RelayAddresses: Sendable, Equatable {
    /// Without the relay's peer id, each once.
    package let all: [Multiaddr]
    private let bound: [Multiaddr]
    private let externalIP: String?

    /// - Parameters:
    ///   - bound: what the host listens on, with wildcards replaced by the machine's addresses.
    ///   - externalIP: an IPv4 or IPv6 address, valid.
    ///   - hostname: a valid DNS name.
    ///   - resolved: the IPv4 address behind `hostname`, if it is known by now.
    package init(
        bound: [Multiaddr], externalIP: String?, hostname: String?, resolved: String?, advertisesPrivate: Bool
    ) {
        var ports: [UInt16] = []
        for case .tcp(let port)? in bound.map({ $0.components.last }) where !ports.contains(port) { ports.append(port) }
        let given = ports.flatMap { port in
            [
                externalIP.flatMap { try? Multiaddr("/\($0.contains(":") ? "ip6" : "ip4")/\($0)/tcp/\(port)") },
                hostname.flatMap { try? Multiaddr("/dns/\($0)/tcp/\(port)") },
            ].compactMap { $0 }
        }
        let own = bound.filter { !$0.isUnspecified && (advertisesPrivate || !$0.isPrivateNetwork) }
        let ordered = given + own.filter { !$0.isPrivateNetwork } + own.filter(\.isPrivateNetwork)
        var seen: Set<Multiaddr> = []
        all = ordered.filter { seen.insert($0).inserted }
        self.bound = bound
        self.externalIP = externalIP ?? resolved
    }

    /// Each ending in `/p2p/<relay>`.
    package func texts(of relay: PeerID) -> [String] { all.map { "\($0.appending(.p2p(relay)))" } }

    /// Where it listens, whether others are told so or not. Each ending in `/p2p/<relay>`.
    func listening(_ relay: PeerID) -> [String] { bound.map { "\($0.appending(.p2p(relay)))" } }

    /// There is no QUIC here, and clients of this form expect a UDP port.
    package static let absentPort: UInt16 = 9999

    /// The record that clients of the ENR form read: one IPv4 address and the port on it.
    ///
    /// - Returns: nil while no IPv4 address is known.
    package func record(signedBy key: PrivateKey) -> ENR? {
        for address in all {
            guard case .tcp(let port)? = address.components.last else { continue }
            let ip: UInt32
            if let externalIP, case .ip4(let given)? = (try? Multiaddr("/ip4/\(externalIP)"))?.components[0] {
                ip = given
            } else if case .ip4(let own) = address.components[0] {
                ip = own
            } else {
                continue
            }
            let bytes = [24, 16, 8, 0].map { UInt8(ip >> $0 & 0xff) }
            return ENR(signedBy: key, ip: bytes, tcp: port, udp: Self.absentPort)
        }
        return nil
    }
}
