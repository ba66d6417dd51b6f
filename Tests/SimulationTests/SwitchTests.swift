import DutyWorkflow
import Ethereum
import Simulation
import Testing
import Timing

/// A cluster switches to other key shares at epoch 5: slot 40 is its first, and slot 31 decides.
@Suite("a switch without a stop, on virtual time")
struct SwitchTests {
    private static let first: UInt64 = 40
    private static let deciding: UInt64 = 31

    /// - Parameter planners: nodes whose operators plan it; all old ones if nil.
    private func switching(
        _ nodes: Int, to newSet: [Int], _ seed: UInt64, planners: [Int]? = nil,
        _ change: (inout SimulatedCluster.Options) -> Void = { _ in }
    ) throws -> SimulatedCluster {
        var cluster = makeCluster(nodes, seed) {
            $0.newSet = newSet
            change(&$0)
        }
        let plan = try cluster.plan(at: 5)
        for node in planners ?? Array(0..<nodes) {
            cluster.plan(plan, at: node, from: cluster.start(ofSlot: 2) + .seconds(node))
        }
        return cluster
    }

    /// What must hold whatever happens: no two messages, no set out of its time, no two ends.
    private func isSafe(_ cluster: SimulatedCluster) -> Bool {
        // New operators have no other key shares, and sign what takes no decision as soon as they run: too few for anything.
        func signers(_ set: KeySet, _ isMeant: @escaping (UInt64) -> Bool) -> [Duty: Set<Int>] {
            cluster.oracle.signers(with: set) { $0.type.rules.span != .endless && isMeant($0.slot.rawValue) }
                .mapValues { $0.filter { $0 < cluster.options.nodes } }.filter { !$0.value.isEmpty }
        }
        let ends = Set(ends(cluster).compactMap { $0 }.map { $0 == .entered ? .confirmed : $0 })
            .intersection([.confirmed, .calledOff])
        let isOn = ends.contains(.confirmed)
        let early = signers(.new) { $0 < Self.first || !isOn }
        let late = isOn ? signers(.old) { $0 >= Self.first } : [:]
        return cluster.oracle.conflicts.isEmpty && ends.count <= 1 && early.isEmpty && late.isEmpty
    }

    private func ends(_ cluster: SimulatedCluster) -> [SwitchStage?] {
        (0..<cluster.options.nodes).map { cluster.switchStage(of: $0) }
    }

    @Test(
        "at the epoch the new key shares sign, and no duty is missed, of whatever kind",
        arguments: [
            (4, [0, 1, 2, 3]), (4, [0, 1, 3]), (4, [0, 1, 4, 3]), (4, [0, 1, 2, 3, 4]), (4, [3, 2, 1, 0]),
            (7, [0, 1, 2, 3, 4, 5, 6]), (7, [0, 2, 3, 4, 6]),
        ] as [(Int, [Int])], [false, true])
    func quiet(_ row: (nodes: Int, newSet: [Int]), allDuties: Bool) throws {
        var cluster = try switching(row.nodes, to: row.newSet, 1) { $0.allDuties = allDuties }
        cluster.run(untilSlot: 58)
        #expect(isSafe(cluster))
        #expect(cluster.missed(slots: 0..<56).isEmpty)
        if allDuties { #expect(cluster.missedOfAll(slots: 30..<56).isEmpty) }
        for node in 0..<row.nodes {
            let stays = row.newSet.contains(node)
            #expect(cluster.switchStage(of: node) == (stays ? .entered : .confirmed))
            let news = cluster.switchNews(of: node)
            #expect(news.first == .noted && news.suffix(2) == [.confirmed, stays ? .entering : .left])
            // Everybody who is there signs, before and after.
            #expect(cluster.oracle.signers(with: .old) { $0.slot < 40 }.values.contains { $0.contains(node) })
        }
        let signers = cluster.oracle.signers(with: .new) { $0.slot > 42 }.values.reduce(into: Set()) {
            $0.formUnion($1)
        }
        #expect(signers == Set(row.newSet))
    }

    @Test(
        "with a node down while it is decided: it asks, learns it, and enters",
        arguments: Seeds.fromEnvironment(default: 0..<4))
    func down(seed: UInt64) throws {
        let nodes = [4, 7][Int(seed % 2)]
        let node = Int(seed) % nodes
        var cluster = try switching(nodes, to: Array(0..<nodes), seed)
        cluster.crash(node: node, from: cluster.start(ofSlot: 30), until: cluster.start(ofSlot: 35))
        cluster.run(untilSlot: 50)
        #expect(isSafe(cluster), replay(seed))
        #expect(ends(cluster).allSatisfy { $0 == .entered }, replay(seed))
        #expect(cluster.missed(slots: 0..<48).isEmpty, replay(seed))
        #expect(cluster.switchNews(of: node).contains(.undecided), replay(seed))
    }

    @Test(
        "with a node late, over the epoch: it signs nothing with its old key shares, and enters when it has learned it",
        arguments: Seeds.fromEnvironment(default: 0..<4))
    func late(seed: UInt64) throws {
        let nodes = [4, 7][Int(seed % 2)]
        let node = Int(seed / 2) % nodes
        var cluster = try switching(nodes, to: Array(0..<nodes), seed)
        // Every other time it has taken part in the decision.
        let from: UInt64 = seed.isMultiple(of: 4) ? 30 : 36
        cluster.crash(node: node, from: cluster.start(ofSlot: from), until: cluster.start(ofSlot: 43) + .seconds(2))
        cluster.run(untilSlot: 58)
        #expect(isSafe(cluster), replay(seed))
        #expect(ends(cluster).allSatisfy { $0 == .entered }, replay(seed))
        #expect(cluster.missed(slots: 0..<56).isEmpty, replay(seed))
        #expect(cluster.unshared(by: node, slots: 48..<56).isEmpty, replay(seed))
    }

    @Test("a crash on either side of the epoch, at any instant", arguments: Seeds.fromEnvironment(default: 0..<6))
    func crash(seed: UInt64) throws {
        let nodes = [4, 7][Int(seed % 2)]
        var random = SplitMix64(seed: seed &+ 23)
        var cluster = try switching(nodes, to: Array(0..<nodes), seed) {
            $0.commitTime = .milliseconds(1)...(.milliseconds(40))
        }
        let node = Int.random(in: 0..<nodes, using: &random)
        for _ in 0..<3 {
            let from = cluster.start(ofSlot: Self.first) + .milliseconds(Int.random(in: -2500..<2500, using: &random))
            cluster.crash(
                node: node, from: from, until: from + .milliseconds(Int.random(in: 1..<2000, using: &random)))
        }
        cluster.run(untilSlot: 50)
        #expect(isSafe(cluster), replay(seed))
        #expect(ends(cluster).allSatisfy { $0 == .entered }, replay(seed))
        #expect(cluster.missed(slots: 0..<48).isEmpty, replay(seed))
    }

    @Test("all nodes lose power at the epoch, and go on with the new key shares")
    func powerCut() throws {
        for seed in UInt64(0)..<4 {
            var cluster = try switching(4, to: [0, 1, 2, 3], seed)
            let at = cluster.start(ofSlot: Self.first) - .milliseconds(1200 - 500 * Int(seed))
            cluster.crashAll(from: at, until: at + .seconds(5))
            cluster.run(untilSlot: 50)
            #expect(isSafe(cluster), replay(seed))
            #expect(ends(cluster).allSatisfy { $0 == .entered }, replay(seed))
            #expect(cluster.missed(slots: 42..<48).isEmpty, replay(seed))
        }
    }

    @Test(
        "if too few have planned it, it is called off on all that have, and the old key shares go on",
        arguments: [(4, [0, 1]), (4, [3]), (7, [0, 1, 2, 3])] as [(Int, [Int])])
    func tooFew(nodes: Int, planners: [Int]) throws {
        var cluster = try switching(nodes, to: Array(0..<nodes), 5, planners: planners)
        cluster.run(untilSlot: 50)
        #expect(isSafe(cluster))
        for node in 0..<nodes {
            #expect(cluster.switchStage(of: node) == (planners.contains(node) ? .calledOff : nil))
        }
        #expect(cluster.missed(slots: 0..<48).isEmpty)
    }

    @Test(
        "if one who leaves has planned it in place of one who stays, the new cluster could not go on: it is called off")
    func wrongOnes() throws {
        var cluster = try switching(4, to: [0, 1, 2, 4], 6, planners: [0, 1, 3])
        cluster.run(untilSlot: 50)
        #expect(isSafe(cluster))
        #expect(ends(cluster) == [.calledOff, .calledOff, nil, .calledOff])
        #expect(cluster.missed(slots: 0..<48).isEmpty)
    }

    @Test("one whose operator has not planned it is left behind, and signs nothing that counts")
    func oneWithout() throws {
        var cluster = try switching(4, to: [0, 1, 2, 3], 7, planners: [0, 1, 2])
        cluster.run(untilSlot: 50)
        #expect(ends(cluster) == [.entered, .entered, .entered, nil])
        #expect(cluster.oracle.conflicts.isEmpty)
        let late = cluster.oracle.signers(with: .old) { $0.slot >= Slot(Self.first) }.values
        #expect(late.allSatisfy { $0 == [3] })
        #expect(cluster.missed(slots: 0..<48).isEmpty)
    }

    @Test("while nothing can be decided nobody switches: it is called off as soon as the nodes hear each other")
    func apart() throws {
        for (seed, until) in [(1, 33), (2, 36), (3, 43)] as [(UInt64, UInt64)] {
            var cluster = try switching(4, to: [0, 1, 2, 3], seed)
            let groups: [Set<Int>] = [[0, 1], [2, 3]]
            cluster.network.partitions = [
                (groups, cluster.start(ofSlot: Self.deciding), cluster.start(ofSlot: until))
            ]
            cluster.run(untilSlot: 58)
            #expect(isSafe(cluster), replay(seed))
            #expect(ends(cluster).allSatisfy { $0 == .calledOff }, replay(seed))
            #expect(cluster.missed(slots: max(until + 2, Self.first)..<56).isEmpty, replay(seed))
        }
    }

    @Test(
        "loss and crashes, while it is decided and while it takes place: one end for all, and everybody comes to it",
        arguments: Seeds.fromEnvironment(default: 0..<6))
    func adversity(seed: UInt64) throws {
        let nodes = [4, 7][Int(seed % 2)]
        let newSets = [Array(0..<nodes), Array(0..<nodes - 1), Array(0..<nodes - 1) + [nodes]]
        var random = SplitMix64(seed: seed &+ 31)
        var cluster = try switching(nodes, to: newSets[Int(seed / 2 % 3)], seed) {
            $0.commitTime = .milliseconds(1)...(.milliseconds(60))
        }
        cluster.network.lossRate = 0.25
        cluster.network.duplicateRate = 0.2
        cluster.network.healsAt = cluster.start(ofSlot: 46)
        for slot in [Self.deciding, Self.deciding, Self.deciding + 1, Self.first - 1, Self.first, Self.first] {
            let from = cluster.start(ofSlot: slot) + .milliseconds(Int.random(in: -500..<9000, using: &random))
            cluster.crash(
                node: Int.random(in: 0..<nodes, using: &random), from: from,
                until: from + .milliseconds(Int.random(in: 1..<8000, using: &random)))
        }
        cluster.run(untilSlot: 66)
        #expect(isSafe(cluster), replay(seed))
        let staying = (0..<nodes).filter { cluster.options.newSet.contains($0) }
        let stages = Set(staying.map { cluster.switchStage(of: $0) })
        // Cut off from each other between two votes: nobody knows, and nobody signs until people have said what holds.
        if stages.allSatisfy({ $0?.isUndecided == true }) {
            let late = cluster.oracle.signers(with: .old) { $0.slot >= Slot(Self.first) }
            #expect(late.isEmpty, replay(seed))
            return
        }
        #expect(stages == [.entered] || stages == [.calledOff], replay(seed))
        #expect(cluster.missed(slots: 50..<64).isEmpty, replay(seed))
    }
}
