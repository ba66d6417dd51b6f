import DutyWorkflow
import Ethereum
import Simulation
import Testing
import Timing

@Suite("A cluster on virtual time")
struct SimulatedClusterTests {
    @Test("without faults every duty is decided in round 1 and broadcast by all", arguments: [4, 7, 10])
    func quiet(nodes: Int) {
        var cluster = makeCluster(nodes, 1)
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(cluster.missed(slots: 0..<16).isEmpty)
        #expect(!cluster.oracle.decidedRounds.isEmpty)
        for (duty, rounds) in cluster.oracle.decidedRounds where duty.slot < 16 {
            #expect(rounds.count == nodes, "all nodes decide \(duty)")
            #expect(rounds.values.allSatisfy { $0 == 1 }, "round 1 in \(duty)")
        }
    }

    @Test("the same seed gives the same run")
    func deterministic() {
        func trace() -> [String] {
            var cluster = makeCluster(4, 99)
            cluster.network.lossRate = 0.15
            cluster.network.duplicateRate = 0.1
            cluster.crash(
                node: 1, from: cluster.chain.clock.start(of: Slot(3)), until: cluster.chain.clock.start(of: Slot(5)))
            cluster.run(untilSlot: 9)
            return cluster.oracle.reports.map { "\($0.node) \($0.report)" }
        }
        let first = trace()
        #expect(!first.isEmpty)
        #expect(first == trace())
    }

    @Test(
        "loss, delay and reordering never lead to two signatures for one duty",
        arguments: Seeds.fromEnvironment(default: 0..<6))
    func lossy(seed: UInt64) {
        let nodes = [4, 7, 10][Int(seed % 3)]
        var cluster = makeCluster(nodes, seed)
        cluster.network.lossRate = 0.2
        cluster.network.duplicateRate = 0.1
        cluster.network.delay = .milliseconds(1)...(.milliseconds(800))
        cluster.headDisagreement = 0.3
        cluster.network.healsAt = cluster.chain.clock.start(of: Slot(5))
        cluster.run(untilSlot: 14)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 6..<13).isEmpty, replay(seed))
    }

    @Test("a partition heals: duties that start after it succeed", arguments: Seeds.fromEnvironment(default: 0..<9))
    func partition(seed: UInt64) {
        let nodes = [4, 7, 10][Int(seed % 3)]
        var cluster = makeCluster(nodes, seed)
        let clock = cluster.chain.clock
        let cut = 1 + Int(seed / 3) % (nodes - 1)
        cluster.network.partitions = [
            (
                groups: [Set(0..<cut), Set(cut..<nodes)],
                from: clock.start(of: Slot(2)) + .milliseconds(4000 + Int(seed) * 7),
                until: clock.start(of: Slot(6))
            )
        ]
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 6..<16).isEmpty, replay(seed))
    }

    @Test(
        "nodes crash at any instant and come back bound by their journal",
        arguments: Seeds.fromEnvironment(default: 0..<12))
    func crashes(seed: UInt64) {
        let nodes = [4, 7, 10][Int(seed % 3)]
        var cluster = makeCluster(nodes, seed) { $0.commitTime = .milliseconds(1)...(.milliseconds(40)) }
        cluster.network.lossRate = 0.05
        cluster.headDisagreement = 0.5
        var random = SplitMix64(seed: seed &+ 7)
        let clock = cluster.chain.clock
        // Crashes fall into the busy moments: around a third of the slot, where votes and signatures are made.
        for slot in UInt64(1)..<6 {
            for node in 0..<nodes where Int.random(in: 0..<3, using: &random) == 0 {
                let from =
                    clock.start(of: Slot(slot)) + .microseconds(3_990_000 + Int.random(in: 0..<400_000, using: &random))
                cluster.crash(
                    node: node, from: from, until: from + .milliseconds(Int.random(in: 1..<3000, using: &random)))
            }
        }
        cluster.network.healsAt = clock.start(of: Slot(7))
        cluster.run(untilSlot: 16)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 7..<15).isEmpty, replay(seed))
    }

    @Test("f nodes down for good do not stop the cluster", arguments: [(4, 1), (7, 2), (10, 3)])
    func downForGood(nodes: Int, faulty: Int) {
        var cluster = makeCluster(nodes, 5)
        let clock = cluster.chain.clock
        for node in 0..<faulty {
            cluster.crash(node: node, from: clock.start(of: Slot(2)), until: clock.start(of: Slot(1000)))
        }
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(cluster.missed(slots: 3..<16).isEmpty)
    }

    @Test("one more than f nodes down stops it, and nothing wrong is signed", arguments: [4, 7, 10])
    func tooManyDown(nodes: Int) {
        var cluster = makeCluster(nodes, 6)
        let clock = cluster.chain.clock
        let threshold = (2 * nodes + 2) / 3
        for node in 0...(nodes - threshold) {
            cluster.crash(node: node, from: clock.start(of: Slot(2)), until: clock.start(of: Slot(1000)))
        }
        cluster.run(untilSlot: 10)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(!cluster.missed(slots: 3..<9).isEmpty)
    }

    @Test(
        "a node that tells peers different things is outvoted and named",
        arguments: Seeds.fromEnvironment(default: 0..<9))
    func liar(seed: UInt64) {
        let nodes = [4, 7, 10][Int(seed % 3)]
        var cluster = makeCluster(nodes, seed) { $0.liar = Int(seed) % nodes }
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        // Its own seat aside: with f = 1 of 4 the other three must still decide.
        #expect(cluster.missed(slots: 0..<16).isEmpty, replay(seed))
    }

    @Test(
        "a node that sends bad shares is named, and holds nobody up",
        arguments: Seeds.fromEnvironment(default: 0..<9))
    func forger(seed: UInt64) {
        let nodes = [4, 7, 10][Int(seed % 3)]
        let forger = Int(seed) % nodes
        var cluster = makeCluster(nodes, seed) { $0.forger = forger }
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 0..<16).isEmpty, replay(seed))
        #expect(cluster.oracle.badShares == [ShareIndex(PeerIndex(forger))], replay(seed))
    }

    @Test("half the beacon nodes silent: their nodes still vote, and every duty is done")
    func silentBeaconNodes() {
        var cluster = makeCluster(4, 8)
        cluster.silentBeaconNodes = [2]
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(cluster.missed(slots: 0..<16).isEmpty)
    }
}
