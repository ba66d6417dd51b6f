import DutyWorkflow
import Ethereum
import Foundation
import Simulation
import Testing

/// Seeds to run: `SEED=17` replays one, `SEEDS=0..<1000` widens the search.
enum Seeds {
    static func fromEnvironment(default range: Range<UInt64>) -> [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["SEED"].flatMap({ UInt64($0) }) { return [one] }
        let bounds = environment["SEEDS"]?.split(separator: "..<").compactMap { UInt64($0) } ?? []
        return bounds.count == 2 && bounds[0] < bounds[1] ? Array(bounds[0]..<bounds[1]) : Array(range)
    }
}

@Suite("A cluster on virtual time")
struct SimulatedClusterTests {
    private func cluster(_ nodes: Int, _ seed: UInt64, _ change: (inout SimulatedCluster.Options) -> Void = { _ in })
        -> SimulatedCluster
    {
        var options = SimulatedCluster.Options()
        options.nodes = nodes
        options.seed = seed
        change(&options)
        return SimulatedCluster(options)
    }

    /// Slots in `range` in which some validator's attestation was not broadcast by anybody.
    private func missed(_ cluster: SimulatedCluster, slots: Range<UInt64>) -> [String] {
        var missing: [String] = []
        let epochs = Set(slots.map { cluster.chain.clock.epoch(of: Slot($0)) })
        for epoch in epochs.sorted() {
            for row in cluster.chain.duties(of: epoch) where slots.contains(row.slot.rawValue) {
                if !cluster.oracle.broadcastKeys(.attester(slot: row.slot)).contains(row.pubKey) {
                    missing.append("slot \(row.slot) validator \(row.validatorIndex)")
                }
            }
        }
        return missing
    }

    private func replay(_ seed: UInt64) -> Comment { "replay with SEED=\(seed) swift test --filter SimulatedClusterTests" }

    @Test("without faults every duty is decided in round 1 and broadcast by all", arguments: [4, 7, 10])
    func quiet(nodes: Int) {
        var cluster = cluster(nodes, 1)
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(missed(cluster, slots: 0..<16).isEmpty)
        #expect(!cluster.oracle.decidedRounds.isEmpty)
        for (duty, rounds) in cluster.oracle.decidedRounds where duty.slot < 16 {
            #expect(rounds.count == nodes, "all nodes decide \(duty)")
            #expect(rounds.values.allSatisfy { $0 == 1 }, "round 1 in \(duty)")
        }
    }

    @Test("the same seed gives the same run")
    func deterministic() {
        func trace() -> [String] {
            var cluster = cluster(4, 99)
            cluster.network.lossRate = 0.15
            cluster.network.duplicateRate = 0.1
            cluster.crash(node: 1, from: cluster.chain.clock.start(of: Slot(3)), until: cluster.chain.clock.start(of: Slot(5)))
            cluster.run(untilSlot: 9)
            return cluster.oracle.reports.map { "\($0.node) \($0.report)" }
        }
        let first = trace()
        #expect(!first.isEmpty)
        #expect(first == trace())
    }

    @Test("loss, delay and reordering never lead to two signatures for one duty", arguments: Seeds.fromEnvironment(default: 0..<9))
    func lossy(seed: UInt64) {
        let nodes = [4, 7, 10][Int(seed % 3)]
        var cluster = cluster(nodes, seed)
        cluster.network.lossRate = 0.2
        cluster.network.duplicateRate = 0.1
        cluster.network.delay = .milliseconds(1)...(.milliseconds(800))
        cluster.headDisagreement = 0.3
        cluster.network.healsAt = cluster.chain.clock.start(of: Slot(8))
        cluster.run(untilSlot: 25)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(missed(cluster, slots: 9..<24).isEmpty, replay(seed))
    }

    @Test("a partition heals: duties that start after it succeed", arguments: Seeds.fromEnvironment(default: 0..<9))
    func partition(seed: UInt64) {
        let nodes = [4, 7, 10][Int(seed % 3)]
        var cluster = cluster(nodes, seed)
        let clock = cluster.chain.clock
        let cut = 1 + Int(seed / 3) % (nodes - 1)
        cluster.network.partitions = [
            (
                groups: [Set(0..<cut), Set(cut..<nodes)], from: clock.start(of: Slot(2)) + .milliseconds(4000 + Int(seed) * 7),
                until: clock.start(of: Slot(6))
            )
        ]
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(missed(cluster, slots: 6..<16).isEmpty, replay(seed))
    }

    @Test("nodes crash at any instant and come back bound by their journal", arguments: Seeds.fromEnvironment(default: 0..<24))
    func crashes(seed: UInt64) {
        let nodes = [4, 7, 10][Int(seed % 3)]
        var cluster = cluster(nodes, seed) { $0.commitTime = .milliseconds(1)...(.milliseconds(40)) }
        cluster.network.lossRate = 0.05
        cluster.headDisagreement = 0.5
        var random = SplitMix64(seed: seed &+ 7)
        let clock = cluster.chain.clock
        // Crashes fall into the busy moments: around a third of the slot, where votes and signatures are made.
        for slot in UInt64(1)..<8 {
            for node in 0..<nodes where Int.random(in: 0..<3, using: &random) == 0 {
                let from = clock.start(of: Slot(slot)) + .microseconds(3_990_000 + Int.random(in: 0..<400_000, using: &random))
                cluster.crash(node: node, from: from, until: from + .milliseconds(Int.random(in: 1..<3000, using: &random)))
            }
        }
        cluster.network.healsAt = clock.start(of: Slot(9))
        cluster.run(untilSlot: 25)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(missed(cluster, slots: 9..<24).isEmpty, replay(seed))
    }

    @Test("f nodes down for good do not stop the cluster", arguments: [(4, 1), (7, 2), (10, 3)])
    func downForGood(nodes: Int, faulty: Int) {
        var cluster = cluster(nodes, 5)
        let clock = cluster.chain.clock
        for node in 0..<faulty {
            cluster.crash(node: node, from: clock.start(of: Slot(2)), until: clock.start(of: Slot(1000)))
        }
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(missed(cluster, slots: 3..<16).isEmpty)
    }

    @Test("one more than f nodes down stops it, and nothing wrong is signed", arguments: [4, 7, 10])
    func tooManyDown(nodes: Int) {
        var cluster = cluster(nodes, 6)
        let clock = cluster.chain.clock
        let threshold = (2 * nodes + 2) / 3
        for node in 0...(nodes - threshold) {
            cluster.crash(node: node, from: clock.start(of: Slot(2)), until: clock.start(of: Slot(1000)))
        }
        cluster.run(untilSlot: 10)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(!missed(cluster, slots: 3..<9).isEmpty)
    }

    @Test("a node that tells peers different things is outvoted and named", arguments: Seeds.fromEnvironment(default: 0..<9))
    func liar(seed: UInt64) {
        let nodes = [4, 7, 10][Int(seed % 3)]
        var cluster = cluster(nodes, seed) { $0.liar = Int(seed) % nodes }
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        // Its own seat aside: with f = 1 of 4 the other three must still decide.
        #expect(missed(cluster, slots: 0..<16).isEmpty, replay(seed))
    }

    @Test("half the beacon nodes silent: their nodes still vote, and every duty is done")
    func silentBeaconNodes() {
        var cluster = cluster(4, 8)
        cluster.silentBeaconNodes = [2]
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(missed(cluster, slots: 0..<16).isEmpty)
    }
}
