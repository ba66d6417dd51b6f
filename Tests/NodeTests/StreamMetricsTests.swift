import DutyWorkflow
import PeerProtocols
import Testing

@testable import Libp2p
@testable import Node

@Suite("metrics of streams and connections")
struct StreamMetricsTests {
    @Test("handshakes by address, and no pause of a collector that is not there")
    func handshakes() async throws {
        let metrics = try NodeFiles().metrics()
        let handshake = Connection.Handshake(took: .milliseconds(20), isMuxerEarly: true)
        for address in [try Multiaddr("/ip4/10.0.0.7/tcp/3610"), nil] {
            metrics.peers.receive(HostEvent.upgraded(handshake, address))
        }
        let scrape = Scrape(metrics)
        let labels = #"{transport="tcp",security="/noise",muxer="/yamux/1.0.0",early_muxer="true",ip_version="#
        let name = "libp2p_swarm_handshake_latency_seconds_count"
        #expect(scrape[name] == ["\(name)\(labels)\"ip4\"} 1", "\(name)\(labels)\"unknown\"} 1"])
        #expect(scrape["go_gc_duration_seconds_sum"] == ["go_gc_duration_seconds_sum 0"])
    }

    @Test("streams and their bytes, of operators only; a counter does not fall")
    func streams() async throws {
        let files = try NodeFiles()
        let metrics = try files.metrics()
        let cluster = try ClusterContext(files.configuration)
        var status = PeerViewTests.status(cluster.directory[PeerIndex(2)], links: [])
        status.carried = ["/p/1": StreamTraffic(bytesReceived: 7, bytesSent: 9)]
        status.streams = [.init(protocolID: "/p/1", direction: .inbound): 3]
        var guest = PeerViewTests.status(PeerViewTests.peers[0], links: [])
        guest.carried = status.carried
        guest.streams = status.streams
        metrics.peers.note([status, guest], [])
        // As after a restart of the count.
        status.carried = ["/p/1": StreamTraffic(bytesReceived: 1, bytesSent: 11)]
        status.streams = [.init(protocolID: "/p/1", direction: .outbound): 1]
        metrics.peers.note([status], [])
        let scrape = Scrape(metrics)
        let labels = #"{peer="operator-2",protocol="/p/1",transport="tcp"}"#
        #expect(scrape["p2p_peer_network_receive_bytes_total"] == ["p2p_peer_network_receive_bytes_total\(labels) 7"])
        #expect(scrape["p2p_peer_network_sent_bytes_total"] == ["p2p_peer_network_sent_bytes_total\(labels) 11"])
        #expect(
            scrape["p2p_peer_streams"] == [
                #"p2p_peer_streams{peer="operator-2",direction="outbound",protocol="/p/1",transport="tcp"} 1"#
            ])
    }
}
