import Testing

@testable import QBFT

@Suite struct ClusterSizeTests {
    @Test(
        "quorum and faulty nodes",
        arguments: [
            (1, 1, 0), (2, 2, 0), (3, 2, 0), (4, 3, 1), (5, 4, 1), (6, 4, 1), (7, 5, 2), (10, 7, 3), (13, 9, 4),
            (24, 16, 7),
        ])
    func sizes(nodes: Int, quorum: Int, faulty: Int) {
        let size = ClusterSize(nodes: nodes)
        #expect(size.quorum == quorum)
        #expect(size.faulty == faulty)
    }

    @Test("two quorums share an honest node, and honest nodes alone are a quorum", arguments: 1...64)
    func intersection(nodes: Int) {
        let size = ClusterSize(nodes: nodes)
        #expect(2 * size.quorum - nodes > size.faulty)
        #expect(nodes - size.faulty >= size.quorum)
    }

    @Test(
        "the leader is (slot + type + round) mod n",
        arguments: [
            (4, 1, 1, 2), (4, 1, 2, 3), (4, 1, 3, 0), (3, 7, 2, 0), (10, 0, 10, 0),
            (7, UInt64.max, 1, 2), (4, 3, Instance.roundMax, 3),
        ] as [(Int, UInt64, Int64, Int)])
    func leader(nodes: Int, offset: UInt64, round: Int64, leader: Int) {
        let configuration = Instance.Configuration(nodes: nodes, index: 0, leaderOffset: offset)
        #expect(configuration.leader(of: round) == leader)
    }
}
