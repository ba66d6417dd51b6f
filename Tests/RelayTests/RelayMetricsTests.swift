@testable import Libp2p
import Secp256k1
import Testing

@testable import Relay

@Suite struct RelayMetricsTests {
    static let address = Multiaddr([.ip4(0x0a00_0001), .tcp(99)])

    static func peer(_ byte: UInt8) throws -> PeerID {
        PeerID(try PrivateKey([UInt8](repeating: byte, count: 32)).publicKey)
    }

    static func status(_ peer: PeerID, sent: UInt64, port: UInt16 = 99) -> PeerStatus {
        let link = PeerStatus.Link(
            address: Multiaddr([.ip4(0x0a00_0001), .tcp(port)]), direction: .inbound, path: .direct, isLimited: false,
            bytesReceived: 7, bytesSent: sent, streams: 1)
        return PeerStatus(
            peer: peer, isConnected: true, path: .direct, isRelay: false, links: [link], rtt: nil, agentVersion: nil,
            protocols: ["/charon/peerinfo/2.0.0"], knownAddresses: [], lastFailure: nil)
    }

    static func lines(_ metrics: RelayMetrics, _ name: String) throws -> [String] {
        metrics.text(relay: try peer(9), circuits: .init()).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix(name + "{") }
    }

    @Test("a peer's series have its cluster once it is known, and go when it goes")
    func series() throws {
        let peer = try Self.peer(1)
        let relay = try Self.peer(9)
        var metrics = RelayMetrics()
        metrics.note(.connected(peer, .inbound, Self.address))
        metrics.note([Self.status(peer, sent: 100)])
        let name = "relay_p2p_network_sent_bytes_total"
        func line(_ cluster: String, _ value: Int) -> String {
            "\(name){peer=\"\(peer)\",peer_cluster=\"\(cluster)\",relay_peer=\"\(relay)\"} \(value)"
        }
        #expect(try Self.lines(metrics, name) == [line("unknown", 100)])
        metrics.note(peer, lockHash: [0xab, 0xcd, 0xef, 0x12, 0x34])
        #expect(try Self.lines(metrics, name) == [line("abcdef1", 100)])
        metrics.note(.disconnected(peer, .closedByPeer, isLast: true))
        #expect(try Self.lines(metrics, name).isEmpty)
        // Its answer came late.
        metrics.note(peer, lockHash: [1])
        #expect(try Self.lines(metrics, name).isEmpty)
    }

    @Test("traffic never goes back when a connection is replaced, and lost events leave nothing behind")
    func traffic() throws {
        let peer = try Self.peer(1)
        var metrics = RelayMetrics()
        metrics.note([Self.status(peer, sent: 100)])
        metrics.note([Self.status(peer, sent: 5, port: 100)])
        #expect(try Self.lines(metrics, "relay_p2p_network_sent_bytes_total").allSatisfy { $0.hasSuffix(" 105") })
        #expect(try Self.lines(metrics, "relay_p2p_active_connections").allSatisfy { $0.hasSuffix(" 1") })
        metrics.note([])
        #expect(try Self.lines(metrics, "relay_p2p_active_connections").isEmpty)
    }

    @Test("only peers of an unknown cluster that serve peerinfo are asked")
    func asked() throws {
        let peer = try Self.peer(1)
        var metrics = RelayMetrics()
        let status = [Self.status(peer, sent: 0)]
        metrics.note(status)
        #expect(metrics.withoutCluster(status, serving: "/charon/peerinfo/2.0.0") == [peer])
        #expect(metrics.withoutCluster(status, serving: "/other").isEmpty)
        metrics.note(peer, lockHash: [1, 2, 3, 4])
        #expect(metrics.withoutCluster(status, serving: "/charon/peerinfo/2.0.0").isEmpty)
    }

    @Test("the histogram's buckets are cumulative, and labels are escaped")
    func format() {
        var histogram = LatencyHistogram()
        for milliseconds in [1, 20, 20_000] { histogram.observe(.milliseconds(milliseconds)) }
        var text = MetricsText()
        text.family("x", .histogram, "help", histogram.samples([("a", "q\"\\\n")]))
        let lines = text.text.split(separator: "\n")
        #expect(lines.contains("x_bucket{a=\"q\\\"\\\\\\n\",le=\"0.005\"} 1"))
        #expect(lines.contains("x_bucket{a=\"q\\\"\\\\\\n\",le=\"0.025\"} 2"))
        #expect(lines.contains("x_bucket{a=\"q\\\"\\\\\\n\",le=\"+Inf\"} 3"))
        #expect(lines.contains("x_count{a=\"q\\\"\\\\\\n\"} 3"))
        #expect(lines.prefix(2) == ["# HELP x help", "# TYPE x histogram"])
    }
}
