import Foundation
import SSZ
import Testing
import Timing

@testable import QBFT

/// `SEED=7` replays one run, `SEEDS=2000` makes more of them.
enum Seeds {
    static func fromEnvironment(default count: UInt64) -> [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SEED"].flatMap(UInt64.init) { return [seed] }
        return Array(0..<(environment["SEEDS"].flatMap(UInt64.init) ?? count))
    }
}

/// Whole clusters: nobody decides differently, and once the network works everybody decides.
@Suite struct AgreementTests {
    static let sizes = [3, 4, 7, 10]

    @Test(
        "without faults all decide the leader's value in round 1, with one proposal and two votes a node",
        arguments: [
            1, 2, 3, 4, 5, 6, 7, 10, 13, 24,
        ])
    func faultless(nodes: Int) {
        for offset in [0, 5] as [UInt64] {
            var cluster = SimulatedCluster(nodes: nodes, seed: 1, leaderOffset: offset)
            cluster.run(until: .seconds(1))
            let leader = (Int(offset) + 1) % nodes
            #expect(cluster.decisions == Array(repeating: Root(number: UInt64(1000 + leader)), count: nodes))
            #expect(cluster.rounds == Array(repeating: 1, count: nodes))
            #expect(cluster.broadcasts == [.prePrepare: 1, .prepare: nodes, .commit: nodes])
            #expect(cluster.deliveries == (2 * nodes + 1) * (nodes - 1))
            #expect(cluster.violations == [])
            // Proposal, PREPARE, COMMIT: three hops of one millisecond at most.
            #expect(cluster.now <= .milliseconds(3))
        }
    }

    private func check(
        _ nodes: Int, _ seed: UInt64, liars count: Int,
        _ shape: (inout SimulatedCluster.Faults, inout SplitMix64) -> Void
    ) {
        var random = SplitMix64(seed: seed &* 31 &+ UInt64(nodes))
        var faults = SimulatedCluster.Faults()
        faults.liars = Set((0..<nodes).shuffled(using: &random).prefix(count))
        faults.heal = random.milliseconds(500...8000)
        shape(&faults, &random)
        var cluster = SimulatedCluster(
            nodes: nodes, seed: seed, leaderOffset: random.next() >> 8, faults: faults)
        cluster.run(until: faults.heal + .seconds(600))
        let replay: Comment = "replay with SEED=\(seed), \(nodes) nodes, liars \(faults.liars.sorted())"
        #expect(cluster.violations == [], replay)
        #expect(cluster.haveAllDecided, "stuck in rounds \(cluster.rounds); \(replay)")
    }

    private static func unreliable(_ faults: inout SimulatedCluster.Faults, _ random: inout SplitMix64) {
        faults.lossRate = .random(in: 0...0.5, using: &random)
        faults.duplicateRate = .random(in: 0...0.3, using: &random)
        faults.delay = 1...Int.random(in: 2...900, using: &random)
        faults.lateness = 0...Int.random(in: 0...1500, using: &random)
    }

    private static func silenceSome(
        of nodes: Int, _ faults: inout SimulatedCluster.Faults, _ random: inout SplitMix64
    ) {
        let honest = (0..<nodes).filter { !faults.liars.contains($0) }
        let count = Int.random(in: 1...max(1, nodes / 3), using: &random)
        faults.mute = Set(honest.shuffled(using: &random).prefix(count))
        faults.heal = random.milliseconds(3000...12000)
    }

    @Test("loss, delay, reordering and duplicates", arguments: sizes, Seeds.fromEnvironment(default: 40))
    func lossy(nodes: Int, seed: UInt64) {
        check(nodes, seed, liars: 0, Self.unreliable)
    }

    @Test("a part of the cluster is cut off for a while", arguments: sizes, Seeds.fromEnvironment(default: 40))
    func partitioned(nodes: Int, seed: UInt64) {
        check(nodes, seed, liars: 0) { faults, random in
            faults.isolated = Set(
                (0..<nodes).shuffled(using: &random).prefix(.random(in: 1...nodes / 2, using: &random)))
            faults.delay = 1...40
        }
    }

    @Test("nodes crash anywhere and resume from their journals", arguments: sizes, Seeds.fromEnvironment(default: 40))
    func crashing(nodes: Int, seed: UInt64) {
        check(nodes, seed, liars: 0) { faults, random in
            Self.unreliable(&faults, &random)
            faults.lossRate /= 2
            faults.crashRate = .random(in: 0.001...0.05, using: &random)
        }
    }

    @Test("f nodes lie, others hear but are not heard", arguments: [4, 7, 10], Seeds.fromEnvironment(default: 40))
    func mute(nodes: Int, seed: UInt64) {
        check(nodes, seed, liars: ClusterSize(nodes: nodes).faulty) { faults, random in
            faults.delay = 1...Int.random(in: 2...200, using: &random)
            Self.silenceSome(of: nodes, &faults, &random)
        }
    }

    @Test("f nodes lie on a good network", arguments: [4, 7, 10], Seeds.fromEnvironment(default: 40))
    func lying(nodes: Int, seed: UInt64) {
        check(nodes, seed, liars: ClusterSize(nodes: nodes).faulty) { faults, random in
            faults.delay = 1...Int.random(in: 2...200, using: &random)
        }
    }

    @Test("everything at once", arguments: [4, 7, 10], Seeds.fromEnvironment(default: 40))
    func everything(nodes: Int, seed: UInt64) {
        check(nodes, seed, liars: ClusterSize(nodes: nodes).faulty) { faults, random in
            Self.unreliable(&faults, &random)
            faults.lossRate /= 2
            if random.chance(0.5) { Self.silenceSome(of: nodes, &faults, &random) }
            faults.crashRate = .random(in: 0.001...0.03, using: &random)
        }
    }
}
