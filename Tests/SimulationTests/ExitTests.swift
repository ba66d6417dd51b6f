import DutyWorkflow
import Ethereum
import Simulation
import Testing

/// What `exit request` rests on: nodes collect partial exits over days, restarts and lost messages.
@Suite("Exits on virtual time")
struct ExitTests {
    private static let epoch = Epoch(1)

    private func exits(_ cluster: SimulatedCluster) -> Set<Int> {
        let keys = cluster.oracle.broadcastKeys(
            Duty(slot: cluster.chain.clock.firstSlot(of: Self.epoch), type: .exit))
        return Set(cluster.chain.pubKeys.indices.filter { keys.contains(cluster.chain.pubKeys[$0]) })
    }

    @Test(
        "three of four operators ask, each in another epoch, while others are down: one exit, once the third has asked",
        arguments: Seeds.fromEnvironment(default: 0..<6))
    func days(seed: UInt64) {
        var cluster = makeCluster(4, seed)
        cluster.network.lossRate = 0.3
        func time(_ slot: UInt64) -> Instant { cluster.start(ofSlot: slot) }
        for (node, slot) in [(0, 9), (1, 17), (2, 25)] as [(Int, UInt64)] {
            cluster.requestExit(of: 3, epoch: Self.epoch, at: node, from: time(slot))
        }
        // The fourth misses the first two, the second forgets what was not on its disk, the third begins after its own
        // restart.
        cluster.crash(node: 3, from: time(4), until: time(20))
        cluster.crash(node: 1, from: time(18), until: time(22))
        cluster.crash(node: 2, from: time(12), until: time(24))
        cluster.run(untilSlot: 25)
        #expect(exits(cluster).isEmpty, replay(seed))
        cluster.run(untilSlot: 49)
        #expect(exits(cluster) == [3], replay(seed))
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
    }

    @Test(
        "three of four operators ask while the fourth is down for ten minutes and returns: one valid exit, known to all",
        arguments: Seeds.fromEnvironment(default: 0..<4), [0, 1, 2, 3])
    func tenMinutes(seed: UInt64, absent: Int) {
        var cluster = makeCluster(4, seed)
        let (down, asked) = (cluster.start(ofSlot: 9), cluster.start(ofSlot: 10))
        cluster.crash(node: absent, from: down, until: down + .seconds(600))
        for node in 0..<4 where node != absent {
            cluster.requestExit(of: 2, epoch: Self.epoch, at: node, from: asked + .seconds(node))
        }
        cluster.run(untilSlot: 10)
        #expect(exits(cluster).isEmpty, replay(seed))
        cluster.run(untilSlot: 12)
        #expect(exits(cluster) == [2], replay(seed))
        // Ten minutes are 50 slots.
        cluster.run(untilSlot: 80)
        let duty = Duty(slot: cluster.chain.clock.firstSlot(of: Self.epoch), type: .exit)
        #expect(exits(cluster) == [2], replay(seed))
        #expect(cluster.oracle.broadcastEntries(duty).count == 1, replay(seed))
        #expect(cluster.oracle.conflicts.isEmpty && cluster.oracle.badShares.isEmpty, replay(seed))
    }

    @Test("the third of three operators asks once its node is back after ten minutes: one valid exit, not before")
    func returning() {
        var cluster = makeCluster(4, 8)
        let down = cluster.start(ofSlot: 9)
        cluster.crash(node: 2, from: down, until: down + .seconds(600))
        for node in 0..<3 {
            cluster.requestExit(of: 1, epoch: Self.epoch, at: node, from: cluster.start(ofSlot: 10))
        }
        cluster.run(untilSlot: 59)
        #expect(exits(cluster).isEmpty)
        cluster.run(untilSlot: 62)
        #expect(exits(cluster) == [1])
        #expect(cluster.oracle.conflicts.isEmpty && cluster.oracle.badShares.isEmpty)
    }

    @Test("who was down when the others asked hears of it after its restart, and completes the exit alone")
    func reminded() {
        var cluster = makeCluster(4, 5)
        func time(_ slot: UInt64) -> Instant { cluster.start(ofSlot: slot) }
        for (node, slot) in [(0, 9), (1, 9), (2, 30)] as [(Int, UInt64)] {
            cluster.requestExit(of: 0, epoch: Self.epoch, at: node, from: time(slot))
        }
        cluster.crash(node: 2, from: time(4), until: time(12))
        cluster.crash(node: 3, from: time(4), until: time(60))
        // When the third operator asks, its node has nobody to ask.
        for node in 0..<2 { cluster.crash(node: node, from: time(29), until: time(60)) }
        cluster.run(untilSlot: 29)
        #expect(exits(cluster).isEmpty)
        cluster.run(untilSlot: 40)
        #expect(exits(cluster) == [0])
        #expect(cluster.oracle.conflicts.isEmpty)
    }

    @Test("two of four are too few, and other epochs are other exits")
    func tooFew() {
        var cluster = makeCluster(4, 6)
        for (node, epoch) in [(0, 1), (1, 1), (2, 0), (3, 2)] as [(Int, UInt64)] {
            cluster.requestExit(of: 0, epoch: Epoch(epoch), at: node, from: cluster.start(ofSlot: 17))
        }
        cluster.run(untilSlot: 41)
        for slot in [0, 8, 16] as [UInt64] {
            #expect(cluster.oracle.broadcastKeys(Duty(slot: Slot(slot), type: .exit)).isEmpty)
        }
        #expect(cluster.oracle.conflicts.isEmpty)
    }
}
