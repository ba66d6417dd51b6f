import DutyWorkflow
import Libp2p
import PeerProtocols
import Program

/// Info-sync: what this node tells its peers of itself.
extension StyxNode {
    var infoSyncConfiguration: InfoSyncConfiguration {
        InfoSyncConfiguration(
            peerIDs: cluster.directory.peers.map(\.description), versions: CharonVersion.supportedMinors,
            protocols: [ConsensusProtocol.id, ParSigExProtocol.id, PeerInfoProtocol.id] + PriorityProtocol.ids,
            proposals: configuration.usesBuilder ? ["builder", "full"] : ["full"])
    }

    func servePriorities(
        on host: Host, _ slot: RuntimeSlot, _ observe: @escaping @Sendable (PeerEvent) -> Void
    ) -> PriorityProtocol {
        let priority = PriorityProtocol(
            codec: PriorityCodec(operators: cluster.operators), host: host, directory: cluster.directory,
            admits: slot.gate,
            answer: { peer, message in
                guard let driver = slot.current?.driver,
                    case .priorities(let own) = try await driver.exchange(message, of: peer)
                else { return nil }
                return own
            }, observe: observe)
        priority.serve(on: host)
        return priority
    }
}
