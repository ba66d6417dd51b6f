import BeaconTestSupport
import ClusterTestSupport
import Ethereum
import Logging
import PeerProtocols
import TestSupport

@testable import Node

/// A cluster of three on disk, and the second operator's configuration.
struct NodeFiles {
    let directory: TemporaryDirectory
    let configuration: NodeConfiguration

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(validators: Int = 1) throws {
        let cluster = try SmallCluster("start", validators: validators)
        directory = cluster.directory
        configuration = Self.configuration(cluster)
    }

    /// The second operator's, with nobody to talk to.
    static func configuration(_ cluster: SmallCluster) -> NodeConfiguration {
        var configuration = NodeConfiguration()
        configuration.lockFile = cluster.lockFile(1)
        configuration.privateKeyFile = cluster.privateKeyFile(1)
        configuration.journalFile = cluster.file("journal.sqlite", of: 1)
        configuration.validatorKeysDirectory = cluster.keystores(1)
        configuration.beaconNodeEndpoints = [deadURL]
        configuration.validatorAPIAddress = "127.0.0.1:0"
        return configuration
    }

    /// Metrics of that operator's node, without the node.
    func metrics(nickname: String = "", features: FeatureSet = FeatureSet()) throws -> NodeMetrics {
        let cluster = try ClusterContext(configuration)
        let startedAt = Instant(unixSeconds: 1_795_467_600)
        let own = PeerInfo(lockHash: cluster.lock.lockHash, startedAt: startedAt, nickname: nickname)
        return NodeMetrics(
            cluster, nickname: nickname, features: features,
            ownReport: PeerReport(own: own, startedAt: startedAt))
    }
}
