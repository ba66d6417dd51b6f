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

    @Test("a block survives a leader that dies after proposing it, whenever it does", arguments: [4, 7])
    func leaderDiesAfterProposing(nodes: Int) {
        let block = Duty(slot: Slot(4), type: .proposer)
        let leader = Int(block.slot.rawValue + UInt64(DutyType.proposer.rawValue) + 1) % nodes
        var died: (unheard: Int, proposing: Int) = (0, 0)
        for late in stride(from: 20, through: 820, by: 80) {
            var cluster = makeCluster(nodes, UInt64(late)) { $0.allDuties = true }
            // From the proposal to the decision it is three of these.
            cluster.network.delay = .milliseconds(50)...(.milliseconds(200))
            let dies = cluster.start(ofSlot: 4) + .milliseconds(late)
            cluster.crash(node: leader, from: dies, until: cluster.start(ofSlot: 6))
            cluster.run(untilSlot: 5)
            #expect(cluster.oracle.conflicts.isEmpty, replay(UInt64(late)))
            #expect(!cluster.oracle.broadcastEntries(block).isEmpty, "died \(late) ms into the slot")
            let rounds = cluster.oracle.decidedRounds[block] ?? [:]
            if !cluster.oracle.hasProposed(leader, block) {
                died.unheard += 1
            } else if rounds[leader] == nil {
                died.proposing += 1
            }
        }
        #expect(died.unheard > 0 && died.proposing > 0, "before and after it had proposed: \(died)")
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
        "a hostile operator, a slow disk, wrong clocks, loss, a partition and crashes together cost no promise, and once they are over nothing but the hostile one's own, and aggregates",
        arguments: Seeds.fromEnvironment(default: 0..<UInt64(Attack.allCases.count)))
    func storm(seed: UInt64) {
        let nodes = [4, 7][Int(seed % 2)]
        let attacker = Int(seed % UInt64(nodes))
        var random = SplitMix64(seed: seed &+ 7)
        var cluster = makeCluster(nodes, seed) { options in
            options.allDuties = true
            options.attacker = (attacker, Attack.allCases[Int(seed) % Attack.allCases.count])
            options.slowDisks = [(attacker + 1) % nodes: .milliseconds(50)...(.milliseconds(400))]
            for node in 0..<nodes {
                options.clockSkew[node] = .milliseconds(Int.random(in: -200...200, using: &random))
            }
        }
        cluster.network.lossRate = 0.1
        cluster.network.duplicateRate = 0.1
        cluster.network.lateRate = 0.05
        let (half, heals) = (Set(0..<nodes / 2), cluster.start(ofSlot: 8))
        cluster.network.partitions = [
            ([half, Set(0..<nodes).subtracting(half)], cluster.start(ofSlot: 3), cluster.start(ofSlot: 5))
        ]
        cluster.network.healsAt = heals
        for slot in UInt64(1)..<7 {
            let node = Int.random(in: 0..<nodes, using: &random)
            let from = cluster.start(ofSlot: slot) + .milliseconds(Int.random(in: 0..<11_000, using: &random))
            cluster.crash(node: node, from: from, until: from + .seconds(3))
        }
        cluster.run(untilSlot: 14)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        // Aggregates hang on selections, which were shared in the midst of it.
        let missed = cluster.missedOfAll(slots: 10..<13).filter { !$0.contains("/aggregator ") }
        #expect(missed.isEmpty, replay(seed))
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
