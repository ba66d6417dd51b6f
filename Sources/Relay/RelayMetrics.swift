import Libp2p
import SSZ

/// What the relay tells about its peers. Series of a peer go when it goes. Source: operations.md §9.7.
///
/// Pure: fed with the host's events and status.
struct RelayMetrics: Sendable {
    static let unknownCluster = "unknown"

    private struct Peer: Sendable {
        var cluster = RelayMetrics.unknownCluster
        var connections: UInt64 = 0
        var links: [String: PeerStatus.Link] = [:]
        /// Of links that are gone.
        var sentBefore: UInt64 = 0
        var receivedBefore: UInt64 = 0
        var latency = LatencyHistogram()
    }

    private var peers: [PeerID: Peer] = [:]

    mutating func note(_ event: HostEvent) {
        switch event {
        case .connected(let peer, _, _): peers[peer, default: Peer()].connections += 1
        case .disconnected(let peer, _, isLast: true): peers[peer] = nil
        case .pinged(let peer, let latency): peers[peer]?.latency.observe(latency)
        default: break
        }
    }

    mutating func note(_ peer: PeerID, lockHash: [UInt8]) {
        peers[peer]?.cluster =
            lockHash.isEmpty ? Self.unknownCluster : String(Hex.encodeBare(lockHash.prefix(4)).prefix(7))
    }

    /// Takes the traffic of this moment, and forgets who is not there any more even if its event was lost.
    mutating func note(_ status: [PeerStatus]) {
        let connected = Dictionary(uniqueKeysWithValues: status.filter(\.isConnected).map { ($0.peer, $0) })
        peers = peers.filter { connected[$0.key] != nil }
        for (id, status) in connected {
            var peer = peers[id] ?? Peer()
            var links: [String: PeerStatus.Link] = [:]
            for link in status.links {
                links["\(link.direction) \(link.address.map { "\($0)" } ?? "-")"] = link
            }
            for (key, link) in peer.links where links[key] == nil {
                peer.sentBefore += link.bytesSent
                peer.receivedBefore += link.bytesReceived
            }
            peer.links = links
            peer.connections = max(peer.connections, UInt64(links.count))
            peers[id] = peer
        }
    }

    /// Peers that serve peerinfo and whose cluster is not known.
    func withoutCluster(_ status: [PeerStatus], serving protocolID: String) -> [PeerID] {
        status.filter { status in
            status.isConnected && status.protocols.contains(protocolID)
                && peers[status.peer]?.cluster ?? Self.unknownCluster == Self.unknownCluster
        }.map(\.peer)
    }

    func text(relay: PeerID, circuits: CircuitRelay.Statistics) -> String {
        var output = MetricsText(constantLabels: [("relay_peer", "\(relay)")])
        let rows = peers.sorted { $0.key < $1.key }.map { id, peer in
            (peer, [("peer", "\(id)"), ("peer_cluster", peer.cluster)])
        }
        func each(_ value: (Peer) -> UInt64) -> [MetricsText.Sample] {
            rows.map { MetricsText.Sample(Double(value($0.0)), $0.1) }
        }
        output.family(
            "relay_p2p_connection_total", .counter, "Connections of a peer since it came.", each { $0.connections })
        output.family(
            "relay_p2p_active_connections", .gauge, "Connections of a peer now.", each { UInt64($0.links.count) })
        output.family(
            "relay_p2p_network_sent_bytes_total", .counter, "Bytes sent to a peer.",
            each { peer in peer.links.values.reduce(peer.sentBefore) { $0 + $1.bytesSent } })
        output.family(
            "relay_p2p_network_receive_bytes_total", .counter, "Bytes received from a peer.",
            each { peer in peer.links.values.reduce(peer.receivedBefore) { $0 + $1.bytesReceived } })
        output.family(
            "relay_p2p_ping_latency", .histogram, "Round trip to a peer in seconds.",
            rows.flatMap { $0.0.latency.samples($0.1) })
        Self.describe(circuits, into: &output)
        return output.text
    }

    private static func describe(_ circuits: CircuitRelay.Statistics, into output: inout MetricsText) {
        func one(_ name: String, _ kind: MetricsText.Kind, _ help: String, _ value: UInt64) {
            output.family("styx_relay_\(name)", kind, help, [.init(Double(value), [])])
        }
        one("reservations", .gauge, "Reservations now.", UInt64(circuits.reservations))
        one("circuits", .gauge, "Circuits now.", UInt64(circuits.circuits))
        one("reservations_total", .counter, "Reservations granted or prolonged.", circuits.reservationsGranted)
        one("circuits_total", .counter, "Circuits opened.", circuits.circuitsOpened)
        one("circuits_cut_total", .counter, "Circuits that reached a limit.", circuits.circuitsCut)
        one("relayed_bytes_total", .counter, "Bytes carried through circuits.", circuits.bytesRelayed)
        output.family(
            "styx_relay_refused_total", .counter, "Requests refused, by status.",
            circuits.refused.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                .init(Double($0.value), [("status", "\($0.key)")])
            })
    }
}
