import DutyWorkflow
import Ethereum

/// What nodes have in common, over the same bad network as everything else.
extension SimulatedCluster {
    func infoSyncConfiguration(_ node: Int) -> InfoSyncConfiguration {
        InfoSyncConfiguration(
            peerIDs: peerIDs(nodes[node].set), versions: options.versions[node] ?? ["v1.11", "v1.10"],
            protocols: ["/charon/consensus/qbft/2.0.0"])
    }

    /// Whether a node would send sync contributions of a slot as lists; nil while it is down.
    package func supportsContributionLists(node: Int, slot: UInt64) -> Bool? {
        nodes[node].workflow?.supportsContributionLists(at: Slot(slot))
    }

    mutating func exchange(_ own: PriorityMessage, _ node: Int) {
        for peer in peers(of: node) {
            // Who is no operator of the peer's cluster is not connected to it.
            guard let index = position(of: node, in: nodes[peer].set) else { continue }
            let ticket = Ticket(nextTicket)
            nextTicket += 1
            priorityTickets[ticket] = (peer, node)
            send(.peerPriorities(index, own, ticket), node, peer)
        }
    }

    mutating func answerPeer(_ ticket: Ticket, _ answer: Answer) {
        guard let (node, asker) = priorityTickets.removeValue(forKey: ticket) else { return }
        guard case .priorities(let own) = answer, let index = position(of: node, in: nodes[asker].set) else { return }
        send(.peerPriorities(index, own, nil), node, asker)
    }
}
