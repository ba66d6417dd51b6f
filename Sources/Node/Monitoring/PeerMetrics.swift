import DutyWorkflow
import Ethereum
import Libp2p
import Prometheus
import PeerProtocols
import Program

/// The other operators, how they are reached, and what they say of themselves.
struct PeerMetrics: Sendable {
    typealias Peers = Labels1<MetricLabels.Peer>
    typealias Connections = Labels3<MetricLabels.Peer, MetricLabels.PathKind, MetricLabels.ProtocolName>
    typealias RelayConnections = Labels3<MetricLabels.Relay, MetricLabels.PathKind, MetricLabels.ProtocolName>

    typealias Streams = Labels4<
        MetricLabels.Peer, MetricLabels.Direction, MetricLabels.ProtocolName, MetricLabels.Transport
    >
    typealias Handshakes = Labels5<
        MetricLabels.Transport, MetricLabels.Security, MetricLabels.Muxer, MetricLabels.EarlyMuxer,
        MetricLabels.IPVersion
    >
    typealias Carried = Labels3<MetricLabels.Peer, MetricLabels.ProtocolName, MetricLabels.Transport>

    /// The only one there is here.
    private static let tcp = MetricLabels.ProtocolName(value: "tcp")
    private static let transport = MetricLabels.Transport(value: "tcp")

    private let directory: PeerDirectory
    private let own: PeerReport
    private let pingLatency: Histogram<Peers>
    private let pingSuccess: Gauge<Peers>
    private let pingErrors: Counter<Peers>
    private let connections: Counter<Peers>
    private let connectionTypes: Gauge<Connections>
    private let streams: Gauge<Streams>
    private let handshakes: Histogram<Handshakes>
    private let received: Counter<Carried>
    private let sent: Counter<Carried>
    private let relays: Gauge<Labels1<MetricLabels.Relay>>
    private let relayConnectionTypes: Gauge<RelayConnections>
    private let sends: Histogram<Labels3<MetricLabels.Peer, MetricLabels.ProtocolName, MetricLabels.Topic>>
    private let consensusErrors: Counter<Labels1<MetricLabels.ProtocolName>>
    private let reachability: Gauge<NoLabels>
    private let version: Gauge<Labels2<MetricLabels.Peer, MetricLabels.Version>>
    private let gitHash: Gauge<Labels2<MetricLabels.Peer, MetricLabels.GitHash>>
    private let client: Gauge<Labels2<MetricLabels.Peer, MetricLabels.Client>>
    private let nickname: Gauge<Labels2<MetricLabels.Peer, MetricLabels.Nickname>>
    private let isSupported: Gauge<Peers>
    private let clockOffset: Gauge<Peers>
    private let startTime: Gauge<Peers>
    private let index: Gauge<Peers>
    private let builderAPI: Gauge<Peers>

    /// - Parameter own: what this node says of itself.
    init(_ all: inout MetricRegistry, directory: PeerDirectory, own: PeerReport) {
        self.directory = directory
        self.own = own
        pingLatency = all.histogram(
            "p2p_ping_latency_secs", "Pings of other operators.", Peers.self, buckets: NodeMetrics.defaultBuckets)
        pingSuccess = all.gauge("p2p_ping_success", "Whether the last ping worked.", Peers.self)
        pingErrors = all.counter("p2p_ping_error_total", "Failed pings.", Peers.self)
        connections = all.counter("p2p_peer_connection_total", "Connections that were opened.", Peers.self)
        connectionTypes = all.gauge("p2p_peer_connection_types", "Open connections.", Connections.self)
        // Name, labels and buckets are go-libp2p's: a panel for Charon reads it. Source: operations.md §9.1.
        handshakes = all.histogram(
            "libp2p_swarm_handshake_latency_seconds", "From a socket to an encrypted connection.", Handshakes.self,
            buckets: Array(sequence(first: 0.001) { $0 * 1.3 }.prefix(35)))
        streams = all.gauge("p2p_peer_streams", "Open streams.", Streams.self)
        received = all.counter(
            "p2p_peer_network_receive_bytes_total", "Bytes that came in streams.", Carried.self)
        sent = all.counter("p2p_peer_network_sent_bytes_total", "Bytes that left in streams.", Carried.self)
        relays = all.gauge(
            "p2p_relay_connections", "Whether others can reach this node through a relay.",
            Labels1<MetricLabels.Relay>.self)
        relayConnectionTypes = all.gauge(
            "p2p_relay_connection_types", "Open connections to relays.", RelayConnections.self)
        sends = all.histogram(
            "p2p_send_duration_seconds", "From handing a message over until it is on its way.",
            Labels3<MetricLabels.Peer, MetricLabels.ProtocolName, MetricLabels.Topic>.self,
            buckets: (0..<18).map { 0.0001 * Double(1 << $0) }, seriesMax: 4000)
        consensusErrors = all.counter(
            "core_consensus_error_total", "Consensus messages of operators that were refused.",
            Labels1<MetricLabels.ProtocolName>.self)
        reachability = all.gauge(
            "p2p_reachability_status",
            "Whether others reach this node directly: 1 if one has from a public address, 0 while nobody knows.")
        version = all.gauge(
            "app_peerinfo_version", "Operators' versions.", Labels2<MetricLabels.Peer, MetricLabels.Version>.self)
        gitHash = all.gauge(
            "app_peerinfo_git_commit", "Operators' commits.", Labels2<MetricLabels.Peer, MetricLabels.GitHash>.self)
        client = all.gauge(
            "app_peerinfo_dv_client", "Operators' programs.", Labels2<MetricLabels.Peer, MetricLabels.Client>.self)
        nickname = all.gauge(
            "app_peerinfo_nickname", "What operators call themselves.",
            Labels2<MetricLabels.Peer, MetricLabels.Nickname>.self)
        isSupported = all.gauge("app_peerinfo_version_support", "Whether a version fits ours.", Peers.self)
        clockOffset = all.gauge(
            "app_peerinfo_clock_offset_seconds", "How far an operator's clock is ahead of ours.", Peers.self)
        startTime = all.gauge("app_peerinfo_start_time_secs", "Start of a process, Unix seconds.", Peers.self)
        index = all.gauge("app_peerinfo_index", "Position in the lock, from 0.", Peers.self)
        builderAPI = all.gauge("app_peerinfo_builder_api_enabled", "Whether builders are used.", Peers.self)
        // Rates need a point to start from.
        for peer in directory.others {
            pingErrors.add(0, .init(.init(peer)))
            connections.add(0, .init(.init(peer)))
        }
        consensusErrors.add(0, .init(.init(value: ConsensusProtocol.id)))
        reachability.set(0)
        for peer in directory.peers.indices.map(PeerIndex.init) {
            index.set(Double(peer.rawValue), .init(.init(peer)))
        }
        note([:])
    }

    func receive(_ event: HostEvent) {
        switch event {
        case .connected(let peer, _, _):
            if let peer = labels(peer) { connections.add(1, peer) }
        case .upgraded(let handshake, let address):
            handshakes.observe(
                handshake.took,
                .init(Self.transport, .init(), .init(), .init(handshake.isMuxerEarly), .init(address)))
        case .pinged(let peer, let took):
            guard let peer = labels(peer) else { return }
            pingLatency.observe(took, peer)
            pingSuccess.set(1, peer)
        case .pingFailed(let peer):
            guard let peer = labels(peer) else { return }
            pingErrors.add(1, peer)
            pingSuccess.set(0, peer)
        case .disconnected(let peer, _, isLast: true):
            // Nobody pings it any more.
            if let peer = labels(peer) { pingSuccess.set(0, peer) }
        case .disconnected, .identified, .dialFailed, .pathChanged, .reservation, .relayReplaced: break
        }
    }

    /// Nil for relays and other guests.
    private func labels(_ peer: PeerID) -> Peers? { directory.index(of: peer).map { Peers(.init($0)) } }

    func receive(_ event: PeerEvent) {
        switch event {
        case .sent(let peer, let protocolID, let topic, let took):
            sends.observe(took, .init(.init(peer), .init(value: protocolID), .init(value: topic)))
        case .refused(_, protocolID: ConsensusProtocol.id, let fault) where !fault.isHarmless:
            consensusErrors.add(1, .init(.init(value: ConsensusProtocol.id)))
        default: break
        }
    }

    func note(_ statuses: [PeerStatus], _ relayStatuses: [RelayStatus]) {
        let isReached = statuses.contains { status in
            status.links.contains { link in
                link.direction == .inbound && link.path.relay == nil && link.address?.isPrivateNetwork == false
            }
        }
        if isReached { reachability.set(1) }
        connectionTypes.replace(
            statuses.flatMap { status -> [(Connections, Double)] in
                guard let peer = directory.index(of: status.peer) else { return [] }
                return Self.paths(of: status).map { (.init(.init(peer), $0, Self.tcp), $1) }
            })
        note(streamsOf: statuses)
        relayConnectionTypes.replace(
            statuses.filter(\.isRelay).flatMap { status in
                Self.paths(of: status).map { (.init(.init(status.peer), $0, Self.tcp), $1) }
            })
        relays.replace(relayStatuses.map { (.init(.init($0.relay)), $0.reservedUntil == nil ? 0 : 1) })
    }

    private func note(streamsOf statuses: [PeerStatus]) {
        streams.replace(
            statuses.flatMap { status -> [(Streams, Double)] in
                guard let peer = directory.index(of: status.peer) else { return [] }
                return status.streams.map { kind, count in
                    let name = MetricLabels.ProtocolName(value: kind.protocolID)
                    return (Streams(.init(peer), .init(kind.direction), name, Self.transport), Double(count))
                }
            })
        for status in statuses {
            guard let peer = directory.index(of: status.peer) else { continue }
            for (protocolID, traffic) in status.carried {
                let labels = Carried(.init(peer), .init(value: protocolID), Self.transport)
                received.advance(to: Double(traffic.bytesReceived), labels)
                sent.advance(to: Double(traffic.bytesSent), labels)
            }
        }
    }

    private static func paths(of status: PeerStatus) -> [(MetricLabels.PathKind, Double)] {
        Dictionary(grouping: status.links.map { MetricLabels.PathKind($0.path) }) { $0 }
            .map { ($0.key, Double($0.value.count)) }
    }

    /// What this node says of itself is told, too; not what it would have to measure.
    ///
    /// - Parameter reports: what other operators said last. A report is cut to size and printable.
    func note(_ reports: [PeerIndex: PeerReport]) {
        isSupported.replace(reports.map { (.init(.init($0)), $1.isSupported ? 1 : 0) })
        clockOffset.replace(reports.map { (.init(.init($0)), $1.clockOffset.inSeconds) })
        startTime.replace(reports.map { (.init(.init($0)), Double($1.startedAt.unixSeconds)) })
        var reports = reports
        reports[directory.own] = own
        version.replace(reports.map { (.init(.init($0), .init(value: $1.version)), 1) })
        gitHash.replace(reports.map { (.init(.init($0), .init(value: $1.gitHash)), 1) })
        client.replace(reports.map { (.init(.init($0), .init(value: $1.client)), 1) })
        nickname.replace(reports.map { (.init(.init($0), .init(value: $1.nickname)), 1) })
        builderAPI.replace(reports.map { (.init(.init($0)), $1.builderAPI ? 1 : 0) })
    }
}
