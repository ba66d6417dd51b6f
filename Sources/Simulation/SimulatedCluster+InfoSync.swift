import DutyWorkflow
import Ethereum

/// What nodes have in common, over the same bad network as everything else.
extension SimulatedCluster {
    func infoSyncConfiguration(_ node: Int) -> InfoSyncConfiguration {
        InfoSyncConfiguration(
            peerIDs: (0..<options.nodes).map { "peer-\($0)" }, versions: options.versions[node] ?? ["v1.11", "v1.10"],
            protocols: ["/charon/consensus/qbft/2.0.0"])
    }

    /// Whether a node would send sync contributions of a slot as lists; nil while it is down.
    package func supportsContributionLists(node: Int, slot: UInt64) -> Bool? {
        nodes[node].workflow?.supportsContributionLists(at: Slot(slot))
    }

    mutating func exchange(_ own: PriorityMessage, _ node: Int) {
        for peer in 0..<options.nodes where peer != node {
            let ticket = Ticket(nextTicket)
            nextTicket += 1
            priorityTickets[ticket] = (peer, node)
            send(.peerPriorities(PeerIndex(node), own, ticket), node, peer)
        }
    }

    mutating func answerPeer(_ ticket: Ticket, _ answer: Answer) {
        guard let (node, asker) = priorityTickets.removeValue(forKey: ticket) else { return }
        guard case .priorities(let own) = answer else { return }
        send(.peerPriorities(PeerIndex(node), own, nil), node, asker)
    }
}
