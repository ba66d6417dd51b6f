import BeaconAPI
import BeaconClient
import Ethereum
import Prometheus
import SSZ
import Synchronization

/// What this node sees of its beacon nodes.
struct BeaconMetrics: Sendable {
    typealias Endpoints = Labels1<MetricLabels.Endpoint>
    typealias Nodes = Labels1<MetricLabels.Address>

    /// Blocks seen on gossip and not in the chain yet, by node.
    private final class Gossip: Sendable {
        private static let blocksMax = 8
        private let seen = Mutex<[BeaconNodeAddress: [(block: Root, at: Instant)]]>([:])

        func note(_ block: Root, from node: BeaconNodeAddress, at now: Instant) {
            seen.withLock { seen in
                var blocks = seen[node, default: []]
                guard !blocks.contains(where: { $0.block == block }) else { return }
                blocks = blocks.suffix(Self.blocksMax - 1) + [(block, now)]
                seen[node] = blocks
            }
        }

        /// When it was seen; once.
        func take(_ block: Root, from node: BeaconNodeAddress) -> Instant? {
            seen.withLock { seen in
                guard let place = seen[node]?.firstIndex(where: { $0.block == block }) else { return nil }
                return seen[node]?.remove(at: place).at
            }
        }
    }

    private static let blockBuckets = [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 8, 10, 12]

    private let latency: Histogram<Endpoints>
    private let errors: Counter<Endpoints>
    private let requests: Counter<Endpoints>
    private let usesFallback: Gauge<NoLabels>
    private let hits: Counter<Endpoints>
    private let misses: Counter<Endpoints>
    private let invalidated: Counter<Endpoints>
    private let peers: Gauge<NoLabels>
    private let versions: Gauge<Labels2<MetricLabels.Version, MetricLabels.BeaconNode>>
    private let executionVersions: Gauge<Labels1<MetricLabels.Version>>
    private let headSlot: Gauge<Nodes>
    private let headDelay: Histogram<Nodes>
    private let gossipDelay: Histogram<Nodes>
    private let blockDelay: Histogram<Nodes>
    private let processing: Histogram<Nodes>
    private let reorgDepth: Histogram<Nodes>
    private let gossip = Gossip()

    init(_ all: inout MetricRegistry) {
        latency = all.histogram(
            "app_eth2_latency_seconds", "Calls of beacon nodes.", Endpoints.self, buckets: NodeMetrics.beaconBuckets)
        errors = all.counter("app_eth2_errors_total", "Failed calls of beacon nodes.", Endpoints.self)
        requests = all.counter("app_eth2_requests_total", "Calls of beacon nodes.", Endpoints.self)
        usesFallback = all.gauge("app_eth2_using_fallback", "Whether the last call went to a fallback node.")
        hits = all.counter("app_cache_hits_total", "Duties that were known.", Endpoints.self)
        misses = all.counter("app_cache_misses_total", "Duties that had to be asked for.", Endpoints.self)
        invalidated = all.counter(
            "app_cache_invalidated_reorg_total", "Times the chain left blocks that known duties depend on.",
            Endpoints.self)
        peers = all.gauge("app_beacon_node_peers", "Peers of the beacon node.")
        versions = all.gauge(
            "app_beacon_node_version", "What beacon nodes call themselves.",
            Labels2<MetricLabels.Version, MetricLabels.BeaconNode>.self)
        executionVersions = all.gauge(
            "app_execution_layer_version", "What beacon nodes' execution clients call themselves.",
            Labels1<MetricLabels.Version>.self)
        headSlot = all.gauge("app_beacon_node_sse_head_slot", "Slot of the last head.", Nodes.self)
        headDelay = all.histogram(
            "app_beacon_node_sse_head_delay", "From a slot's start to its head, in seconds.", Nodes.self,
            buckets: [2, 4, 6, 8, 10, 12])
        gossipDelay = all.histogram(
            "app_beacon_node_sse_block_gossip", "From a slot's start to its block on gossip, in seconds.", Nodes.self,
            buckets: Self.blockBuckets)
        blockDelay = all.histogram(
            "app_beacon_node_sse_block", "From a slot's start to its block's import, in seconds.", Nodes.self,
            buckets: Self.blockBuckets)
        processing = all.histogram(
            "app_beacon_node_sse_block_processing_time", "From a block on gossip to the head, in seconds.", Nodes.self,
            buckets: [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 4])
        reorgDepth = all.histogram(
            "app_beacon_node_sse_chain_reorg_depth", "Slots of branches that were left.", Nodes.self,
            buckets: [1, 2, 4, 6, 8, 16])
    }

    func receive(_ call: BeaconCallRecord) {
        let endpoint = Endpoints(.init(value: call.endpoint))
        requests.add(1, endpoint)
        latency.observe(call.duration, endpoint)
        if let error = call.error, error.cause != .cancelled { errors.add(1, endpoint) }
        usesFallback.set(call.usedFallback ? 1 : 0)
    }

    func receive(_ event: BeaconEvent, from node: BeaconNodeAddress, _ clock: SlotClock, at now: Instant) {
        let labels = Nodes(.init(node))
        func delay(_ slot: Slot) -> Duration { now - clock.start(of: slot) }
        switch event {
        case .head(let head):
            headSlot.set(Double(head.slot.rawValue), labels)
            headDelay.observe(delay(head.slot), labels)
            if let seen = gossip.take(head.block, from: node) { processing.observe(now - seen, labels) }
        case .block(let block): blockDelay.observe(delay(block.slot), labels)
        case .blockGossip(let block):
            gossipDelay.observe(delay(block.slot), labels)
            gossip.note(block.block, from: node, at: now)
        case .chainReorg(let reorg): reorgDepth.observe(Double(reorg.depth), labels)
        case .proposerSlashing, .attesterSlashing: break
        }
    }

    func receive(_ event: DutiesSource.CacheEvent) {
        switch event {
        case .hit(let kind): hits.add(1, .init(.init(value: kind.rawValue)))
        case .miss(let kind): misses.add(1, .init(.init(value: kind.rawValue)))
        case .invalidated(let kind): invalidated.add(1, .init(.init(value: kind.rawValue)))
        }
    }

    func note(peers count: UInt64) { peers.set(Double(count)) }

    /// What all nodes that answered call themselves.
    ///
    /// - Parameter executionClient: what the one of `--execution-client-rpc-endpoint` says, if it was asked.
    func note(_ answers: [(node: BeaconNodeAddress, versions: NodeVersions)], executionClient: String? = nil) {
        versions.replace(
            answers.map { answer in
                let version = MetricLabels.printable(answer.versions.beaconNode)
                return (.init(.init(value: version), .init(answer.node)), 1)
            })
        executionVersions.replace(
            (answers.map(\.versions.executionClient) + [executionClient]).compactMap { version in
                version.map { (.init(.init(value: MetricLabels.printable($0))), 1) }
            })
    }
}
