import DutyWorkflow
import Libp2p

/// Who is who: the cluster's operators by their network identity, in the lock's order.
package struct PeerDirectory: Sendable {
    package let peers: [PeerID]
    package let own: PeerIndex
    private let indexes: [PeerID: PeerIndex]

    /// - Precondition: the peers are distinct and `own` is one of them.
    package init(peers: [PeerID], own: PeerIndex) {
        precondition(peers.indices.contains(own.rawValue))
        self.peers = peers
        self.own = own
        indexes = Dictionary(uniqueKeysWithValues: peers.enumerated().map { ($1, PeerIndex($0)) })
    }

    /// Nil for relays and other guests.
    package func index(of peer: PeerID) -> PeerIndex? { indexes[peer] }

    /// Everybody but us.
    package var others: [PeerIndex] { peers.indices.map(PeerIndex.init).filter { $0 != own } }

    /// - Precondition: an operator of the cluster.
    package subscript(index: PeerIndex) -> PeerID { peers[index.rawValue] }
}
