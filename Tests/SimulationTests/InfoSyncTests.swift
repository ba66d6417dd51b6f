import DutyWorkflow
import Ethereum
import Simulation
import Testing
import Timing

/// What nodes have in common, agreed on in the last slot of each epoch of eight.
@Suite("info-sync on virtual time")
struct InfoSyncTests {
    private static let sizes = [4, 7, 10]

    /// Versions of each agreement a node told of.
    private func agreements(_ cluster: SimulatedCluster, _ node: Int) -> [AgreedPriorities] {
        cluster.oracle.reports.compactMap {
            if $0.node == node, case .prioritiesAgreed(let agreed) = $0.report { agreed } else { nil }
        }
    }

    private func gates(_ cluster: SimulatedCluster, slot: UInt64) -> [Bool?] {
        (0..<cluster.options.nodes).map { cluster.supportsContributionLists(node: $0, slot: slot) }
    }

    private func decided(_ cluster: SimulatedCluster, slot: UInt64) -> Int {
        cluster.oracle.decidedRounds[Duty(slot: Slot(slot), type: .infoSync)]?.count ?? 0
    }

    @Test("a quiet cluster agrees once and says so once, epoch after epoch", arguments: sizes)
    func quiet(nodes: Int) {
        var cluster = makeCluster(nodes, 1)
        cluster.run(untilSlot: 25)
        #expect(cluster.oracle.conflicts.isEmpty)
        for slot in [7, 15, 23] as [UInt64] { #expect(decided(cluster, slot: slot) == nodes) }
        for node in 0..<nodes {
            let told = agreements(cluster, node)
            #expect(told.map(\.slot) == [7] && told.first?.versions == ["v1.11", "v1.10"])
            #expect(
                told.first?.consensusProtocol == "/charon/consensus/qbft/2.0.0" && told.first?.proposals == ["full"])
        }
        #expect(gates(cluster, slot: 6).allSatisfy { $0 == false } && gates(cluster, slot: 7).allSatisfy { $0 == true })
    }

    @Test(
        "lists are agreed on when a threshold of nodes reads them",
        arguments: [(4, 2, false), (4, 3, true), (7, 4, false), (7, 5, true)])
    func mixed(nodes: Int, new: Int, supports: Bool) {
        var cluster = makeCluster(nodes, 3) { options in
            for node in new..<nodes { options.versions[node] = ["v1.10"] }
        }
        cluster.run(untilSlot: 9)
        #expect(gates(cluster, slot: 8).allSatisfy { $0 == supports })
    }

    @Test("with a node down the others agree in time", arguments: Seeds.fromEnvironment(default: 0..<6))
    func nodeDown(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        let down = Int(seed) % nodes
        var cluster = makeCluster(nodes, seed)
        cluster.crash(node: down, from: cluster.start(ofSlot: 5), until: cluster.start(ofSlot: 14))
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(decided(cluster, slot: 7) == nodes - 1 && decided(cluster, slot: 15) == nodes, replay(seed))
        // It knows nothing of the agreement it slept through.
        #expect(agreements(cluster, down).map(\.slot) == [15], replay(seed))
        #expect(cluster.missed(slots: 0..<16).isEmpty, replay(seed))
    }

    @Test(
        "loss and crashes: nobody votes twice, nobody agrees on something else, and at last all agree",
        arguments: Seeds.fromEnvironment(default: 0..<12))
    func adversity(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        var random = SplitMix64(seed: seed &+ 17)
        var cluster = makeCluster(nodes, seed) { $0.commitTime = .milliseconds(1)...(.milliseconds(60)) }
        cluster.network.lossRate = 0.25
        cluster.network.duplicateRate = 0.2
        cluster.network.healsAt = cluster.start(ofSlot: 28)
        for epoch in UInt64(0)..<3 {
            let at = cluster.start(ofSlot: 8 * epoch + 7)
            for _ in 0..<2 {
                let from = at + .milliseconds(Int.random(in: -500..<9000, using: &random))
                cluster.crash(
                    node: Int.random(in: 0..<nodes, using: &random), from: from,
                    until: from + .milliseconds(Int.random(in: 1..<5000, using: &random)))
            }
        }
        cluster.run(untilSlot: 33)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(decided(cluster, slot: 31) == nodes && gates(cluster, slot: 31).allSatisfy { $0 == true }, replay(seed))
        for node in 0..<nodes {
            #expect(agreements(cluster, node).allSatisfy { $0.versions == ["v1.11", "v1.10"] }, replay(seed))
        }
    }

    @Test("an epoch in which nothing can be agreed on leaves everything as it was")
    func noResult() {
        var cluster = makeCluster(4, 5)
        let apart: [Set<Int>] = [[0, 1], [2, 3]]
        cluster.network.partitions = [(apart, cluster.start(ofSlot: 15), cluster.start(ofSlot: 17))]
        cluster.run(untilSlot: 21)
        #expect(decided(cluster, slot: 7) == 4 && decided(cluster, slot: 15) == 0)
        #expect(gates(cluster, slot: 20).allSatisfy { $0 == true })
        #expect((0..<4).allSatisfy { agreements(cluster, $0).map(\.slot) == [7] })
        #expect(cluster.oracle.conflicts.isEmpty)
    }

    @Test("after a restart nothing is agreed on until the epoch ends")
    func restart() {
        var cluster = makeCluster(4, 6)
        cluster.crash(node: 2, from: cluster.start(ofSlot: 10), until: cluster.start(ofSlot: 11))
        cluster.run(untilSlot: 13)
        #expect(gates(cluster, slot: 12) == [true, true, false, true])
        cluster.run(untilSlot: 17)
        #expect(gates(cluster, slot: 15) == [true, true, true, true])
        #expect(gates(cluster, slot: 14) == [true, true, false, true])
    }
}
