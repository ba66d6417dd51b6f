import DutyWorkflow
import Ethereum
import SSZ
import Simulation
import Testing

/// Nodes that sign by themselves make builder registrations together, though nobody tells them a time.
@Suite("Builder registrations on virtual time")
struct RegistrationTests {
    private func wish(_ byte: UInt8, replaces: UInt64? = nil) -> WantedRegistration {
        WantedRegistration(feeRecipient: Bytes20(padding: [byte]), gasLimit: 30_000_000, replaces: replaces)
    }

    /// Slots for which a registration of the validator was made.
    private func made(_ cluster: SimulatedCluster, of validator: Int, slots: Range<UInt64>) -> [UInt64] {
        slots.filter {
            cluster.oracle.broadcastKeys(Duty(slot: Slot($0), type: .builderRegistration))
                .contains(cluster.chain.pubKeys[validator])
        }
    }

    @Test(
        "wanted by three of four at different times, with crashes and losses: all sign the same, once",
        arguments: Seeds.fromEnvironment(default: 0..<6))
    func together(seed: UInt64) {
        var cluster = makeCluster(4, seed) { $0.allSign = true }
        cluster.network.lossRate = 0.2
        for (node, slot) in [(0, 3), (1, 11), (3, 19)] as [(Int, UInt64)] {
            cluster.want(wish(0xAA), of: 2, at: node, from: cluster.start(ofSlot: slot))
        }
        cluster.crash(node: 0, from: cluster.start(ofSlot: 5), until: cluster.start(ofSlot: 9))
        cluster.crash(node: 1, from: cluster.start(ofSlot: 12), until: cluster.start(ofSlot: 18))
        cluster.run(untilSlot: 19)
        #expect(made(cluster, of: 2, slots: 0..<20).isEmpty, replay(seed))
        cluster.run(untilSlot: 49)
        #expect(made(cluster, of: 2, slots: 0..<50) == [0], replay(seed))
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
    }

    @Test(
        "operators who changed their minds, and one who knows an older one, agree all the same",
        arguments: Seeds.fromEnvironment(default: 0..<6))
    func changed(seed: UInt64) {
        var cluster = makeCluster(4, seed) { $0.allSign = true }
        let held = UInt64(cluster.start(ofSlot: 2).unixSeconds)
        func time(_ slot: UInt64) -> Instant { cluster.start(ofSlot: slot) }
        let (early, late) = (time(5), time(9))
        let (x, y) = (wish(0xAA, replaces: held), wish(0xBB, replaces: held))
        for node in [0, 1] { cluster.want(x, of: 1, at: node, from: early) }
        for node in [2] { cluster.want(y, of: 1, at: node, from: early) }
        cluster.want(wish(0xBB), of: 1, at: 3, from: early)
        cluster.run(untilSlot: 9)
        #expect(made(cluster, of: 1, slots: 0..<9).isEmpty, replay(seed))
        cluster.want(y, of: 1, at: 0, from: late)
        cluster.run(untilSlot: 30)
        #expect(made(cluster, of: 1, slots: 0..<30).isEmpty == false, replay(seed))
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
    }

    @Test("two of four are too few, and differing wishes make nothing")
    func tooFew() {
        var cluster = makeCluster(4, 3) { $0.allSign = true }
        for (node, byte) in [(0, 0xAA), (1, 0xAA), (2, 0xBB), (3, 0xCC)] as [(Int, UInt8)] {
            cluster.want(wish(byte), of: 0, at: node, from: cluster.start(ofSlot: 3))
        }
        cluster.run(untilSlot: 40)
        #expect(made(cluster, of: 0, slots: 0..<40).isEmpty)
        #expect(cluster.oracle.conflicts.isEmpty)
    }
}
