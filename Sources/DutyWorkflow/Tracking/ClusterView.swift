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

    /// Operators without whom consensus on this duty was not to be had in the first round: so many that no round has a
    /// quorum, or the one that leads the first, after which there is hardly time for another. Empty: all were there.
    func missed(by duty: Duty) -> [PeerIndex] {
        guard present >= quorum else { return disconnected }
        let first = QBFT.Instance.Configuration(duty, nodes: nodes, own: own).leader(of: 1)
        return disconnected.filter { $0.rawValue == first }
    }

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

extension QBFT.Instance.Configuration {
    /// Of the instance that decides a duty. Source: consensus.md §1.
    init(_ duty: Duty, nodes: Int, own: PeerIndex) {
        self.init(nodes: nodes, index: own.rawValue, leaderOffset: duty.slot.rawValue &+ UInt64(duty.type.rawValue))
    }
}
