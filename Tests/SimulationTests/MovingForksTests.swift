import DutyWorkflow
import Ethereum
import Simulation
import Testing

/// Forks that are added, moved and withdrawn while a cluster works, in epochs of four slots. Signatures are of the fork
/// that their maker believes in, and beacon nodes take none of another one.
@Suite("forks that move while duties run")
struct MovingForksTests {
    private typealias Schedule = (electra: UInt64?, fulu: UInt64?)

    /// When Electra begins, before and after.
    static let announced: [(before: UInt64?, after: UInt64?)] = [(nil, 4), (9, 4), (4, 6), (4, nil)]

    private func forks(_ schedule: Schedule) -> ForkSchedule {
        SimulatedChain.forks(electra: schedule.electra, fulu: schedule.fulu)
    }

    private func cluster(_ seed: UInt64, _ before: ForkSchedule, allDuties: Bool = true) -> SimulatedCluster {
        makeCluster(4, seed) { options in
            options.allDuties = allDuties
            options.slotsPerEpoch = 4
            options.forks = before
        }
    }

    @Test(
        "one that is added, moved or withdrawn epochs ahead costs no duty, before it and across it",
        arguments: announced,
        Seeds.fromEnvironment(default: 0..<2))
    func foreseen(move: (before: UInt64?, after: UInt64?), seed: UInt64) {
        let after = forks((move.after, nil))
        var cluster = cluster(seed, forks((move.before, nil)))
        cluster.moveForks(to: after, at: cluster.start(ofSlot: 5) + .milliseconds(Int(seed % 12) * 997))
        cluster.run(untilSlot: 29)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missedOfAll(slots: 0..<28, after).isEmpty, replay(seed))
        #expect(cluster.oracle.badShares.isEmpty, replay(seed))
    }

    /// What was signed ahead is not signed again: proofs and reveals reach the end of the next epoch at most. And whoever
    /// moved first has taken the others for liars, and hears their proofs again after a pause.
    @Test(
        "one that rules already, and is taken back or told late: votes go on once all know, the rest some epochs later",
        arguments: [0, 1, 2], Seeds.fromEnvironment(default: 0..<2))
    func unforeseen(change: Int, seed: UInt64) {
        let moves: [(Schedule, Schedule)] = [((0, nil), (0, 0)), ((0, nil), (nil, nil)), ((nil, nil), (0, nil))]
        let (before, after) = (forks(moves[change].0), forks(moves[change].1))
        var cluster = cluster(seed, before)
        // All have read it by slot 10.
        cluster.moveForks(to: after, at: cluster.start(ofSlot: 5) + .milliseconds(Int(seed % 12) * 997))
        cluster.crash(node: Int(seed % 4), from: cluster.start(ofSlot: 6), until: cluster.start(ofSlot: 7))
        cluster.run(untilSlot: 37)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missedOfAll(slots: 0..<5, before).isEmpty, replay(seed))
        #expect(cluster.missed(slots: 11..<36).isEmpty, replay(seed))
        #expect(cluster.missedOfAll(slots: 28..<36, after).isEmpty, replay(seed))
    }

    @Test(
        "a node whose beacon node believes in another fork costs the others no duty",
        arguments: Seeds.fromEnvironment(default: 0..<4))
    func dissenter(seed: UInt64) {
        var cluster = cluster(seed, forks((0, nil)))
        cluster.moveForks(to: forks((nil, nil)), at: cluster.start(ofSlot: 4), of: Int(seed % 4))
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missedOfAll(slots: 0..<16).isEmpty, replay(seed))
        #expect(cluster.oracle.badShares.contains(ShareIndex(PeerIndex(Int(seed % 4)))), "\(replay(seed)): it is named")
    }

    @Test(
        "once it believes what the others do, its shares count again", arguments: Seeds.fromEnvironment(default: 0..<2))
    func returns(seed: UInt64) {
        var cluster = cluster(seed, forks((0, nil)), allDuties: false)
        cluster.moveForks(to: forks((nil, nil)), at: cluster.start(ofSlot: 4), of: 1)
        cluster.moveForks(to: forks((0, nil)), at: cluster.start(ofSlot: 12), of: 1)
        // Its bad sets have cost it pauses of up to 32 slots.
        cluster.crash(node: 2, from: cluster.start(ofSlot: 52), until: cluster.start(ofSlot: 90))
        cluster.run(untilSlot: 57)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 0..<56).isEmpty, replay(seed))
    }
}
