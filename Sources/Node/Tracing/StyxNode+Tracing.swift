import Cluster
import Ethereum
import Logging
import NIOCore
import NIOPosix
import OTLP
import Program
import Traces

/// What is told of this node's duties to the operators' collectors.
extension StyxNode {
    /// Nil without `--otlp-address`.
    static func spanExporter(
        _ configuration: NodeConfiguration, _ cluster: ClusterContext, _ logger: Logger
    ) throws(ConfigurationError) -> SpanExporter? {
        guard let collector = try configuration.tracing.collector() else { return nil }
        let cluster7 = cluster.lock.lockHash.hex.dropFirst(2).prefix(7)
        do {
            return try SpanExporter(
                to: collector,
                resource: [
                    .init("service.name", "\(cluster7)/\(configuration.tracing.serviceName)"),
                    .init("service.version", BuildInfo.version),
                    .init("cluster_peer", MetricLabels.Peer(cluster.own).value),
                ], version: BuildInfo.version, loop: MultiThreadedEventLoopGroup.singleton.next(), logger: logger)
        } catch {
            throw ConfigurationError(
                flag: "otlp-address", what: "needs TLS, which cannot be set up: \(error)",
                cure: "install this system's CA certificates, or use --otlp-insecure on a network that is safe")
        }
    }

    func dutyTracing(_ clock: SlotClock) -> DutyTracing? {
        exporter.map { exporter in
            DutyTracing(
                DutyTracer(lockHash: cluster.lock.lockHash, clock: clock, seed: .random(in: .min ... .max))
            ) { exporter.add($0) }
        }
    }
}
