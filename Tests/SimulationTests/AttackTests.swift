import DutyWorkflow
import Ethereum
import Simulation
import Testing

/// One hostile operator: no duty of the others may be missed, and it must not fill their memory or their disks.
@Suite("a cluster with one attacker")
struct AttackTests {
    private static let heldBytesMax = 32 << 20
    private static let journalBytesMax = 8 << 20

    @Test(
        "costs no duty, no promise, and little room", arguments: Attack.allCases,
        Seeds.fromEnvironment(default: 0..<3))
    func attacked(attack: Attack, seed: UInt64) {
        let nodes = [4, 7, 10][Int(seed % 3)]
        let attacker = Int(seed / 3 + seed) % nodes
        var cluster = makeCluster(nodes, seed) { options in
            options.attacker = (attacker, attack)
            options.allDuties = true
        }
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missedOfAll(slots: 0..<16).isEmpty, replay(seed))
        #expect(cluster.oracle.badShares.isSubset(of: [ShareIndex(PeerIndex(attacker))]), replay(seed))
        #expect(cluster.heldBytesPeak < Self.heldBytesMax && cluster.journalBytes < Self.journalBytesMax, replay(seed))
    }

    @Test(
        "no block pays a leader that wants to be paid, and none is lost",
        arguments: Seeds.fromEnvironment(default: 0..<6))
    func ownFeeRecipient(seed: UInt64) {
        let nodes = [4, 7][Int(seed % 2)]
        var cluster = makeCluster(nodes, seed) {
            $0.attacker = (Int(seed / 2) % nodes, .ownFeeRecipient)
            $0.allDuties = true
        }
        cluster.run(untilSlot: 25)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missedOfAll(slots: 0..<24).isEmpty, replay(seed))
        #expect(cluster.oracle.paid == [SimulatedChain.payee], replay(seed))
    }

    @Test(
        "no block has another randao reveal than the cluster's, and none is lost",
        arguments: Seeds.fromEnvironment(default: 0..<6))
    func otherReveal(seed: UInt64) {
        let nodes = [4, 7][Int(seed % 2)]
        var cluster = makeCluster(nodes, seed) {
            $0.attacker = (Int(seed / 2) % nodes, .otherReveal)
            $0.allDuties = true
        }
        cluster.run(untilSlot: 25)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missedOfAll(slots: 0..<24).isEmpty, replay(seed))
        // The reveals of the first epoch, at whose start everything begins, may come after its blocks.
        let blocks = cluster.oracle.reveals.filter { $0.key >= Slot(8) }
        #expect(!blocks.isEmpty, replay(seed))
        #expect(blocks.values.allSatisfy { !$0.contains(SimulatedChain.otherReveal) }, replay(seed))
    }

    @Test(
        "a source ahead of a chain that justifies nothing bars nobody's vote, epoch after epoch",
        arguments: Seeds.fromEnvironment(default: 0..<6))
    func futureSource(seed: UInt64) {
        let nodes = [4, 7, 10][Int(seed % 3)]
        let attacker = Int(seed / 3 + seed) % nodes
        var cluster = makeCluster(nodes, seed) {
            $0.attacker = (attacker, .futureSource)
            $0.justificationLag = 100
        }
        cluster.run(untilSlot: 41)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 0..<40).isEmpty, replay(seed))
    }

    @Test(
        "the exit that three operators ask for is made, whatever the fourth named before",
        arguments: Seeds.fromEnvironment(default: 0..<4))
    func exitCrowd(seed: UInt64) {
        let attacker = Int(seed % 4)
        var cluster = makeCluster(4, seed) {
            $0.validators = 32
            // So that there are slots enough to name.
            $0.slotsPerEpoch = 128
            $0.attacker = (attacker, .exitCrowd)
        }
        for node in 0..<4 where node != attacker {
            cluster.requestExit(of: 5, epoch: .zero, at: node, from: cluster.start(ofSlot: UInt64(10 + node)))
        }
        cluster.run(untilSlot: 16)
        let exits = cluster.oracle.broadcastKeys(Duty(slot: .zero, type: .exit))
        #expect(exits == [cluster.chain.pubKeys[5]], replay(seed))
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.journalBytes < Self.journalBytesMax, replay(seed))
    }

    @Test(
        "nor with shares that are large: of what only it signed little is kept, and nothing large is written",
        arguments: [Attack.largeAggregates, .largeBlocks])
    func largeShares(attack: Attack) {
        var cluster = makeCluster(4, 2) {
            $0.validators = 200
            $0.slotsPerEpoch = 4
            $0.allDuties = true
            $0.attacker = (1, attack)
        }
        cluster.run(untilSlot: 9)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(cluster.missed(slots: 1..<8).isEmpty)
        #expect(cluster.heldBytesPeak < Self.heldBytesMax, "\(cluster.heldBytesPeak)")
        #expect(cluster.journalBytes < Self.journalBytesMax, "\(cluster.journalBytes)")
    }

    @Test("crashes of the others in the midst of it change nothing", arguments: Attack.allCases)
    func crashes(attack: Attack) {
        let seed = UInt64(5)
        var cluster = makeCluster(4, seed) { $0.attacker = (2, attack) }
        for slot in UInt64(1)..<5 {
            let from = cluster.start(ofSlot: slot) + .milliseconds(4000 + 37 * Int(slot))
            cluster.crash(node: [0, 1, 3][Int(slot) % 3], from: from, until: from + .milliseconds(700))
        }
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 6..<16).isEmpty, replay(seed))
    }

    @Test(
        "of a thousand validators it cannot make a node hold more",
        arguments: [Attack.earlyFlood, .junkJustifications, .undueShares, .inventedRows])
    func large(attack: Attack) {
        var cluster = makeCluster(4, 1) {
            $0.validators = 1000
            $0.slotsPerEpoch = 32
            $0.attacker = (1, attack)
        }
        cluster.run(untilSlot: 4)
        #expect(cluster.missed(slots: 0..<3).isEmpty)
        // In memory a value takes up to twice its bytes on the wire.
        #expect(2 * cluster.heldBytesPeak < Self.heldBytesMax, "\(cluster.heldBytesPeak)")
        #expect(cluster.journalBytes < Self.journalBytesMax, "\(cluster.journalBytes)")
    }
}
