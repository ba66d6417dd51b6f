import BLS
import Cluster
import SSZ

/// Who deals to whom in all Pedersen runs of a ceremony, and how many are needed. Source: spec/dkg.md §8.2, §9.
package struct PedersenRoster: Equatable, Sendable {
    /// Ascending by index.
    package let nodes: [PedersenNode]
    package let own: PedersenNode
    /// Of the sharing that results.
    package let threshold: Int
    /// Of the sharing there is; nil if there is none, and keys are new.
    package let oldThreshold: Int?

    /// Dealers by their index.
    let dealers: [Int: PedersenNode]
    /// Receivers by their index in the new sharing: from 0 without gaps, in the order of the nodes. x = index + 1.
    let receivers: [PedersenNode]

    /// - Parameter own: which participant we are.
    /// - Throws: unless there are 2 to 256 nodes with indexes from 0 to 255, no two alike, 2 <= threshold <= receivers, and
    ///   2 <= old threshold <= dealers; two nodes with one key name the later participant.
    package init(
        _ nodes: [PedersenNode], own: ParticipantIndex, threshold: Int, oldThreshold: Int? = nil
    ) throws(CeremonyFault) {
        self.nodes = nodes.sorted { $0.index < $1.index }
        self.threshold = threshold
        self.oldThreshold = oldThreshold
        dealers = Dictionary(self.nodes.filter(\.deals).map { ($0.index, $0) }) { first, _ in first }
        receivers = self.nodes.filter(\.receives)
        guard let node = nodes.first(where: { $0.participant == own }) else {
            throw Self.fault("participant \(own) is not among the nodes")
        }
        self.own = node
        guard (2...shareIndexMax).contains(nodes.count) else {
            throw Self.fault("\(nodes.count) operators; a ceremony takes 2 to \(shareIndexMax)")
        }
        guard Set(nodes.map(\.index)).count == nodes.count, Set(nodes.map(\.participant)).count == nodes.count,
            nodes.allSatisfy({ (0..<shareIndexMax).contains($0.index) && $0.participant >= 0 })
        else { throw Self.fault("two operators have one place, or a place is not from 0 to \(shareIndexMax - 1)") }
        guard threshold >= 2, threshold <= receivers.count else {
            throw Self.fault("threshold \(threshold); it must be from 2 to the number of operators, \(receivers.count)")
        }
        if let oldThreshold {
            guard oldThreshold >= 2, oldThreshold <= dealers.count else {
                throw Self.fault(
                    "\(dealers.count) operators with key shares take part, but the cluster's threshold is \(oldThreshold)"
                )
            }
        } else if let other = nodes.first(where: { !$0.deals || !$0.receives }) {
            throw Self.fault("participant \(other.participant) does not deal and receive, but there are no keys yet")
        }
        try checkKeys()
    }

    private static func fault(_ what: String) -> CeremonyFault { CeremonyFault(nil, .parameters(what)) }

    private func checkKeys() throws(CeremonyFault) {
        var owners: [PublicKey: ParticipantIndex] = [:]
        for node in nodes.sorted(by: { $0.participant < $1.participant }) {
            if let owner = owners[node.key] {
                throw CeremonyFault(
                    node.participant, .malformed(.nodeKey, "it is the key of participant \(owner) too"))
            }
            owners[node.key] = node.participant
        }
    }

    /// The index of a node in the new sharing; nil for an operator that leaves.
    package func receiver(_ node: PedersenNode) -> Int? { receivers.firstIndex { $0.index == node.index } }

    /// What tells this run from all others: bundles carry it as their session.
    ///
    /// - Parameter run: from 0; of added validators the new ones count.
    package func nonce(run: Int) -> Bytes32 {
        do throws(ClusterError) {
            var walker = HashWalker()
            walker.uint64(UInt64(run))
            try walker.list(nodes, max: nodes.count, "nodes") { (list, node, _) throws(ClusterError) in
                try list.box { (box) throws(ClusterError) in
                    box.uint64(UInt64(node.index))
                    box.raw(node.key.bytes.bytes)
                }
            }
            return walker.root
        } catch {
            preconditionFailure("the list is as long as its limit")
        }
    }
}
