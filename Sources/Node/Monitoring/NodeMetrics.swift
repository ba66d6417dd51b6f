import DutyWorkflow
import Ethereum
import Prometheus
import PeerProtocols
import Program

/// Every metric this node has. Names, labels and buckets: operations.md §9; what is missing, and why, is listed in
/// `Tests/NodeTests/Fixtures`.
struct NodeMetrics: Sendable {
    static let defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    static let beaconBuckets = [
        0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 5,
    ]

    let registry: MetricRegistry
    let readiness: Gauge<NoLabels>
    let duties: DutyMetrics
    let work: WorkMetrics
    let beacon: BeaconMetrics
    let validators: ValidatorMetrics
    let api: APIMetrics
    let peers: PeerMetrics
    let process: ProcessMetrics
    let health: HealthMetrics
    private let currentSlot: Gauge<NoLabels>
    private let currentEpoch: Gauge<NoLabels>

    /// - Parameter ownReport: what this node says of itself.
    init(
        _ cluster: ClusterContext, nickname: String, features: FeatureSet = FeatureSet(), ownReport: PeerReport
    ) {
        let name = MetricLabels.Peer(cluster.own).value
        let network = cluster.network?.name ?? ""
        let started = Double(ownReport.startedAt.unixSeconds)
        var all = MetricRegistry(constantLabels: [
            ("cluster_hash", String(cluster.lock.lockHash.hex.dropFirst(2).prefix(7))),
            ("cluster_name", cluster.lock.definition.name), ("cluster_network", network), ("cluster_peer", name),
            ("nickname", nickname), ("charon_version", BuildInfo.charonVersion),
        ])
        all.gauge("app_version", "This program's version.", Labels1<MetricLabels.Version>.self)
            .set(1, .init(.init(value: BuildInfo.version)))
        all.gauge("app_git_commit", "This program's commit.", Labels1<MetricLabels.GitHash>.self)
            .set(1, .init(.init(value: BuildInfo.gitHash)))
        all.gauge("app_peer_name", "This node's name.", Labels1<MetricLabels.PeerName>.self)
            .set(1, .init(.init(value: name)))
        let flags = all.gauge(
            "app_feature_flags", "Features that were asked for by name.", Labels1<MetricLabels.FeatureName>.self)
        for name in features.asked { flags.set(1, .init(.init(value: name))) }
        all.gauge("app_start_time_secs", "Start of this process, Unix seconds.").set(started)
        all.gauge("cluster_network", "The cluster's network.", Labels1<MetricLabels.NetworkName>.self)
            .set(1, .init(.init(value: network)))
        all.gauge("cluster_operators", "Operators of the cluster.").set(Double(cluster.operators.count))
        all.gauge("cluster_threshold", "Shares of a group signature.").set(Double(cluster.threshold))
        all.gauge("cluster_validators", "Validators of the cluster.").set(Double(cluster.lock.validators.count))
        readiness = all.gauge("app_monitoring_readyz", "Whether this node is ready: 1, else a reason's number.")
        readiness.set(0)
        currentSlot = all.gauge("core_scheduler_current_slot", "The slot now.")
        currentEpoch = all.gauge("core_scheduler_current_epoch", "The epoch now.")
        duties = DutyMetrics(&all, consensus: features.consensus)
        work = WorkMetrics(&all, own: cluster.own)
        beacon = BeaconMetrics(&all)
        validators = ValidatorMetrics(&all, validators: cluster.lock.validators.count)
        api = APIMetrics(&all)
        peers = PeerMetrics(&all, directory: cluster.directory, own: ownReport)
        process = ProcessMetrics(&all, startedAt: started)
        health = HealthMetrics(&all)
        registry = all
    }

    /// The chain's time; nothing before genesis.
    func note(_ clock: SlotClock, at now: Instant) {
        guard let slot = clock.slot(at: now) else { return }
        currentSlot.set(Double(slot.rawValue))
        currentEpoch.set(Double(clock.epoch(of: slot).rawValue))
    }
}
