/// The number of nodes and what follows from it. Source: consensus.md §1.
///
/// Any two quorums share more than `faulty` nodes, so at least one honest one: that is all of agreement.
/// The signing threshold of the cluster plays no part here.
package struct ClusterSize: Hashable, Sendable {
    /// n, at least 1.
    package let nodes: Int

    /// - Precondition: `nodes >= 1`.
    package init(nodes: Int) {
        precondition(nodes >= 1, "a cluster has at least one node")
        self.nodes = nodes
    }

    /// q = ceil(2n/3): votes that make a decision.
    package var quorum: Int { (2 * nodes + 2) / 3 }

    /// f = floor((n-1)/3): liars the cluster survives.
    package var faulty: Int { (nodes - 1) / 3 }
}
