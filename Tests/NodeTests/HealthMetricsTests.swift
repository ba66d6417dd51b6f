import Doctor
import DutyWorkflow
import Ethereum
import PeerProtocols
import Testing

@testable import Node
@testable import Prometheus

@Suite("what the health rules export")
struct HealthMetricsTests {
    private static func value(_ metrics: NodeMetrics, _ name: String, _ rule: HealthRule) -> Series.Value? {
        metrics.registry.metrics.first { $0.name == name }?.series.first { $0.labels[1] == rule.rawValue }?.value
    }

    @Test("every rule from the start, failing or not; failures are counted")
    func rules() throws {
        let metrics = try NodeFiles().metrics()
        for rule in HealthRule.allCases {
            #expect(Self.value(metrics, "app_health_checks", rule) == .number(0))
            #expect(Self.value(metrics, "app_health_checks_failed_total", rule) == .number(0))
        }
        metrics.readiness.set(3)
        var watch = HealthWatch(peersNeeded: 2)
        for count in [1.0, 2] {
            watch.take(HealthSample(metrics.registry.metrics, validators: 1))
            metrics.health.note(watch)
            for rule in [HealthRule.beaconNodeSyncing, .connectedPeers] {
                #expect(Self.value(metrics, "app_health_checks", rule) == .number(1))
                #expect(Self.value(metrics, "app_health_checks_failed_total", rule) == .number(count))
            }
        }
        #expect(watch.failing == [.beaconNodeSyncing, .connectedPeers])
    }

    @Test("refused consensus messages count, harmless ones and other protocols' do not")
    func consensusErrors() async throws {
        let metrics = try NodeFiles().metrics()
        let peer = PeerIndex(0)
        metrics.peers.receive(.refused(peer, protocolID: ConsensusProtocol.id, .malformedPublicKey))
        metrics.peers.receive(.refused(peer, protocolID: ConsensusProtocol.id, .notReady))
        metrics.peers.receive(.refused(peer, protocolID: "/x", .malformedPublicKey))
        let counter = metrics.registry.metrics.first { $0.name == "core_consensus_error_total" }
        #expect(counter?.series == [Series(labels: [ConsensusProtocol.id], value: .number(1))])
    }
}
