extension Instance {
    /// Who takes part and who leads.
    package struct Configuration: Hashable, Sendable {
        package let size: ClusterSize
        /// Own peer index, 0 ..< n.
        package let index: Int
        /// Slot + duty type: round r is led by node (offset + r) mod n. Source: consensus.md §1.
        package let leaderOffset: UInt64

        /// - Precondition: `nodes >= 1`, `0 <= index < nodes`.
        package init(nodes: Int, index: Int, leaderOffset: UInt64) {
            precondition(0..<nodes ~= index, "own index is one of the nodes")
            size = ClusterSize(nodes: nodes)
            self.index = index
            self.leaderOffset = leaderOffset
        }

        /// Peer index of the leader of a round.
        ///
        /// - Precondition: `round >= 1`.
        package func leader(of round: Int64) -> Int {
            let nodes = UInt64(size.nodes)
            return Int((leaderOffset % nodes + UInt64(round) % nodes) % nodes)
        }
    }
}
