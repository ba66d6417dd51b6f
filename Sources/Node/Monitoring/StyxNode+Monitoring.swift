import BeaconAPI
import BeaconClient
import Cluster
import ClusterSetup
import Libp2p
import Monitoring
import PeerProtocols
import Program
import ValidatorAPI

/// What an operator's Prometheus and alerts look at.
extension StyxNode {
    /// Between two questions for the beacon nodes' versions.
    private static let versionsEvery = Duration.seconds(600)

    func watchReadiness(_ host: Host, _ beacon: BeaconClient, _ server: ValidatorAPIServer) async {
        await monitoring.run(
            .init(
                syncing: { () async throws(BeaconError) in
                    let status = try await beacon.syncing()
                    return status.isSyncing
                        ? .syncing(behind: status.syncDistance) : .following(behind: status.syncDistance)
                },
                peerCount: { () async throws(BeaconError) in try await beacon.peerCount() },
                connected: {
                    cluster.directory.others.count(where: { host.isConnected(cluster.directory[$0]) })
                },
                requests: { server.activity.requests },
                commitTime: { doctor.journal?.commitTime ?? .zero },
                clockJumped: { jump in
                    topic("monitoring").error(
                        "the clock jumped: nothing that was signed is signed again, but duties are missed",
                        metadata: ["by": "\(jump)"])
                }))
    }

    /// Asks the beacon nodes what they are, until cancelled; those that do not answer are left out.
    func watchVersions(_ beacon: BeaconClient) async {
        while !Task.isCancelled {
            var answers: [(node: BeaconNodeAddress, versions: NodeVersions)] = []
            for node in beacon.nodes.indices {
                guard let versions = try? await beacon.versions(of: node) else { continue }
                answers.append((beacon.nodes[node], versions))
            }
            // Beacon nodes of before version 2 of that question say nothing of it.
            let isAsked = answers.allSatisfy { $0.versions.executionClient == nil }
            let executionClient = isAsked ? await executionVersion() : nil
            if Task.isCancelled { return }
            monitoring.metrics.beacon.note(answers, executionClient: executionClient)
            live?.note(answers)
            // A node that was not there yet is asked again soon.
            let pause = answers.count == beacon.nodes.count ? Self.versionsEvery : .seconds(60)
            do { try await Task.sleep(for: pause) } catch { return }
        }
    }

    /// Of `--execution-client-rpc-endpoint`; nil without one, or if it does not answer.
    private func executionVersion() async -> String? {
        guard !configuration.executionClientEndpoint.isEmpty else { return nil }
        do { return try await ExecutionClient.version(at: configuration.executionClientEndpoint) } catch {
            topic("monitoring").debug("execution client's version", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// The monitoring pages. Ends only by cancellation or because it cannot listen.
    func serveMonitoring(_ host: Host, _ peerInfo: PeerInfoProtocol, _ api: ValidatorAPIServer) async throws {
        let address = try SocketAddressText(configuration.monitoringAddress, flag: "monitoring-address")
        let metrics = monitoring.metrics
        let pages = monitoring.pages(enr: ENR(signedBy: cluster.identity).text) {
            metrics.api.note(userAgent: api.activity.userAgent)
            metrics.peers.note(peerInfo.snapshot)
            metrics.peers.note(await host.status(), await host.relayStatus())
        }
        let server = MonitoringServer(
            host: address.host, port: address.port, pages: pages, logger: topic("monitoring"))
        do { try await server.run { hooks.monitoring($0) } } catch let error where !(error is CancellationError) {
            throw ConfigurationError(
                flag: "monitoring-address", address: configuration.monitoringAddress, cannotListen: error,
                orNone: true)
        }
    }
}
