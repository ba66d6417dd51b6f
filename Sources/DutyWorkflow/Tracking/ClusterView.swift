import QBFT

/// What a node knows of its cluster when it explains why a duty failed.
package struct ClusterView: Sendable {
    package var own: PeerIndex
    /// Operators in the cluster.
    package var nodes: Int
    /// Shares that make a group signature.
    package var threshold: Int
    /// Other operators that are connected now.
    package var connected: Set<PeerIndex>
    /// What operators call themselves, where they do.
    package var names: [PeerIndex: String]

    package init(
        own: PeerIndex, nodes: Int, threshold: Int, connected: Set<PeerIndex>, names: [PeerIndex: String] = [:]
    ) {
        self.own = own
        self.nodes = nodes
        self.threshold = threshold
        self.connected = connected
        self.names = names
    }

    /// Operators that consensus takes.
    package var quorum: Int { QBFT.ClusterSize(nodes: nodes).quorum }

    /// Operators that are there, this one included.
    var present: Int { connected.count + 1 }

    var disconnected: [PeerIndex] {
        (0..<nodes).map { PeerIndex($0) }.filter { $0 != own && !connected.contains($0) }
    }

    /// `operator 2 (alice)`, `operators 0, 2 (alice) and 3`.
    func name(_ peers: [PeerIndex]) -> String {
        let words = peers.map { peer in
            let name = names[peer] ?? ""
            return name.isEmpty ? "\(peer)" : "\(peer) (\(name))"
        }
        return (peers.count == 1 ? "operator " : "operators ") + Self.list(words)
    }

    static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " and " + last
    }
}
