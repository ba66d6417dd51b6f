import DutyWorkflow
import Ethereum
import Simulation
import Testing
import Timing

/// Blocks, aggregates and the sync committee, half of the nodes with validator clients, half signing by themselves.
@Suite("All duties")
struct AllDutiesTests {
    @Test("without faults everything that the cluster owes the chain is broadcast", arguments: [4, 7])
    func quiet(nodes: Int) {
        var cluster = makeCluster(nodes, 1) { $0.allDuties = true }
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(cluster.missedOfAll(slots: 0..<16).isEmpty)
        let owed = Set((0..<16).flatMap { cluster.chain.owed(in: Slot($0)) }.map(\.duty.type))
        #expect(owed == [.attester, .proposer, .aggregator, .syncMessage, .syncContribution])
    }

    @Test("a block survives a leader that dies early in its slot", arguments: Seeds.fromEnvironment(default: 0..<4))
    func leaderDies(seed: UInt64) {
        var cluster = makeCluster(4, seed) { $0.allDuties = true }
        // Of slot 4, whose block is ours: the leader of round 1 is node (slot + type + round) mod 4.
        let slot = UInt64(4)
        let leader = Int(slot + UInt64(DutyType.proposer.rawValue) + 1) % 4
        let dies = cluster.start(ofSlot: slot) + .milliseconds(20 + 60 * Int(seed % 8))
        cluster.crash(node: leader, from: dies, until: cluster.start(ofSlot: slot + 1))
        cluster.run(untilSlot: 9)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        let owed = cluster.chain.owed(in: Slot(slot)).contains { $0.duty.type == .proposer }
        #expect(owed && !cluster.oracle.broadcastEntries(Duty(slot: Slot(slot), type: .proposer)).isEmpty, replay(seed))
    }

    @Test(
        "loss, a partition, crashes and a node down cost no promise, and nothing once they are over",
        arguments: Seeds.fromEnvironment(default: 0..<4))
    func adversity(seed: UInt64) {
        let nodes = [4, 7][Int(seed % 2)]
        var cluster = makeCluster(nodes, seed) { $0.allDuties = true }
        cluster.network.lossRate = 0.1
        cluster.network.duplicateRate = 0.05
        cluster.network.delay = .milliseconds(1)...(.milliseconds(200))
        cluster.network.healsAt = cluster.start(ofSlot: 8)
        cluster.broadcastFailureRate = 0.1
        for slot in UInt64(1)..<7 {
            let from = cluster.start(ofSlot: slot) + .milliseconds(Int((seed &* 977 &+ slot &* 613) % 11_000))
            cluster.crash(node: Int(seed + slot) % nodes, from: from, until: from + .seconds(3))
        }
        cluster.run(untilSlot: 14)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missedOfAll(slots: 9..<13).isEmpty, replay(seed))
    }

    @Test(
        "a node that was away while an epoch's selections were shared is told them, and stands in when another goes",
        arguments: Seeds.fromEnvironment(default: 0..<4))
    func catchesUp(seed: UInt64) {
        var cluster = makeCluster(4, seed) { $0.allDuties = true }
        let (away, leaving) = (Int(seed % 4), Int((seed + 1) % 4))
        // Selections of slots 8 to 15 are signed from the middle of slot 4 on.
        cluster.crash(node: away, from: cluster.start(ofSlot: 4), until: cluster.start(ofSlot: 9))
        cluster.crash(node: leaving, from: cluster.start(ofSlot: 10), until: cluster.start(ofSlot: 30))
        cluster.run(untilSlot: 16)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missedOfAll(slots: 11..<15).isEmpty, replay(seed))
    }
}
