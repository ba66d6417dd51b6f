import DutyWorkflow
import Ethereum
import Simulation
import Testing
import Timing

/// What goes wrong around a node: clocks, disks, beacon nodes, validator clients, power.
@Suite("A cluster among unreliable neighbours")
struct AdversityTests {
    private static let sizes = [4, 7, 10]

    @Test(
        "clocks that are off by less than half a second cost no duty", arguments: Seeds.fromEnvironment(default: 0..<6))
    func skewedClocks(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        var random = SplitMix64(seed: seed)
        var cluster = makeCluster(nodes, seed) { options in
            for node in 0..<nodes {
                options.clockSkew[node] = .milliseconds(Int.random(in: -450...450, using: &random))
            }
        }
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 1..<16).isEmpty, replay(seed))
    }

    @Test(
        "clocks that step by slots and back never lead to two signatures",
        arguments: Seeds.fromEnvironment(default: 0..<6))
    func steppingClocks(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        var random = SplitMix64(seed: seed &+ 3)
        // Short epochs: a step of some slots carries a node past deadlines, and back before them.
        var cluster = makeCluster(nodes, seed) { $0.slotsPerEpoch = 4 }
        cluster.headDisagreement = 0.5
        cluster.network.delay = .milliseconds(1)...(.milliseconds(600))
        for slot in UInt64(1)..<10 {
            let node = Int.random(in: 0..<nodes, using: &random)
            // Mostly while the slot's duty is voted on, and for less time than that takes.
            let isBusy = !slot.isMultiple(of: 4)
            let at =
                cluster.start(ofSlot: slot)
                + .milliseconds(Int.random(in: isBusy ? 4000..<4900 : 0..<12_000, using: &random))
            let step =
                cluster.options.slotDuration * [1, -1, 6, 30][isBusy ? 3 : Int.random(in: 0..<3, using: &random)]
            let back = at + .milliseconds(Int.random(in: isBusy ? 1..<300 : 1..<9000, using: &random))
            cluster.stepClock(node: node, by: step, at: at)
            cluster.stepClock(node: node, by: .zero - step, at: back)
        }
        cluster.run(untilSlot: 21)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        // One whole epoch ahead of the last one resolved is asked for again: all is well by then.
        #expect(cluster.missed(slots: 16..<20).isEmpty, replay(seed))
    }

    @Test(
        "a clock that is ahead over a restart, and then corrected, never makes a node vote again",
        arguments: Seeds.fromEnvironment(default: 0..<9))
    func clockAheadOverRestart(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        var random = SplitMix64(seed: seed &+ 5)
        var cluster = makeCluster(nodes, seed) { $0.slotsPerEpoch = 4 }
        cluster.headDisagreement = 0.5
        cluster.network.delay = .milliseconds(1)...(.milliseconds(600))
        let ahead = cluster.options.slotDuration * 30
        for slot in UInt64(1)..<10 {
            let node = Int.random(in: 0..<nodes, using: &random)
            // In the midst of the slot's votes: every deadline passes, the node restarts, the clock is set right.
            let at = cluster.start(ofSlot: slot) + .milliseconds(Int.random(in: 4000..<4700, using: &random))
            cluster.stepClock(node: node, by: ahead, at: at)
            if slot.isMultiple(of: 2) { cluster.stepClock(node: node, by: .zero - ahead, at: at + .milliseconds(150)) }
            cluster.crash(node: node, from: at + .milliseconds(100), until: at + .milliseconds(200))
            if !slot.isMultiple(of: 2) { cluster.stepClock(node: node, by: .zero - ahead, at: at + .milliseconds(250)) }
        }
        cluster.run(untilSlot: 21)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 16..<20).isEmpty, replay(seed))
    }

    @Test(
        "a node with a disk of seconds holds up nobody, and gives its own share all the same",
        arguments: Seeds.fromEnvironment(default: 0..<3))
    func slowDisk(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        let slow = Int(seed) % nodes
        var cluster = makeCluster(nodes, seed) { $0.slowDisks = [slow: .milliseconds(500)...(.seconds(3))] }
        cluster.run(untilSlot: 20)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 0..<16).isEmpty, replay(seed))
        #expect(cluster.unshared(by: slow, slots: 0..<16).isEmpty, replay(seed))
    }

    @Test(
        "when every disk takes half a second, duties are late, and none is lost",
        arguments: Seeds.fromEnvironment(default: 0..<3))
    func slowDisks(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        var cluster = makeCluster(nodes, seed) { options in
            // Round changes end what takes much longer: their times are the protocol's.
            for node in 0..<nodes { options.slowDisks[node] = .milliseconds(200)...(.milliseconds(600)) }
        }
        cluster.run(untilSlot: 24)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 0..<16).isEmpty, replay(seed))
        for node in 0..<nodes { #expect(cluster.unshared(by: node, slots: 0..<16).isEmpty, replay(seed)) }
    }

    @Test(
        "a lying beacon node costs at most what its own node proposes", arguments: Seeds.fromEnvironment(default: 0..<9)
    )
    func lyingBeaconNode(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        let liar = Int(seed) % nodes
        var cluster = makeCluster(nodes, seed)
        cluster.lyingBeaconNodes = [liar: BeaconLie.allCases[Int(seed / 3) % 3]]
        cluster.run(untilSlot: 25)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        for slot in UInt64(0)..<24 {
            let duty = Duty.attester(slot: Slot(slot))
            let leader = Int(slot + UInt64(duty.type.rawValue) + 1) % nodes
            guard leader != liar else { continue }
            #expect(cluster.missed(slots: slot..<slot + 1).isEmpty, replay(seed))
        }
    }

    @Test("a validator client that signs something else is refused", arguments: Seeds.fromEnvironment(default: 0..<3))
    func rogueValidatorClients(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        var cluster = makeCluster(nodes, seed)
        cluster.rogueValidatorClients = Set(0..<nodes)
        cluster.run(untilSlot: 17)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 0..<16).isEmpty, replay(seed))
        let refusals = cluster.oracle.reports.count {
            if case .retrying(_, .validatorAPI, _) = $0.report { true } else { false }
        }
        #expect(refusals > 0, "the wrong signatures came in and were seen")
    }

    @Test("messages that come twice or minutes late change nothing", arguments: Seeds.fromEnvironment(default: 0..<3))
    func lateAndTwice(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        var cluster = makeCluster(nodes, seed) { $0.slotsPerEpoch = 4 }
        cluster.network.duplicateRate = 0.5
        cluster.network.lateRate = 0.2
        cluster.network.healsAt = cluster.start(ofSlot: 7)
        cluster.broadcastFailureRate = 0.4
        cluster.headDisagreement = 0.3
        cluster.run(untilSlot: 19)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 8..<18).isEmpty, replay(seed))
    }

    @Test("a power cut takes every node at once, again and again", arguments: Seeds.fromEnvironment(default: 0..<9))
    func powerCuts(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        var random = SplitMix64(seed: seed &+ 11)
        var cluster = makeCluster(nodes, seed) { $0.commitTime = .milliseconds(1)...(.milliseconds(60)) }
        cluster.headDisagreement = 0.5
        for slot in UInt64(1)..<6 {
            // Between the first vote and the last signature.
            let from = cluster.start(ofSlot: slot) + .milliseconds(4000 + Int.random(in: 0..<500, using: &random))
            cluster.crashAll(from: from, until: from + .milliseconds(Int.random(in: 1..<5000, using: &random)))
        }
        cluster.run(untilSlot: 16)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(cluster.missed(slots: 6..<15).isEmpty, replay(seed))
    }

    @Test("duties that move within an epoch are not done twice", arguments: Seeds.fromEnvironment(default: 0..<6))
    func movedDuties(seed: UInt64) {
        let nodes = Self.sizes[Int(seed % 3)]
        var cluster = makeCluster(nodes, seed)
        // Everybody restarts in the middle of epoch 1 and is told of other slots for the same validators.
        let at = cluster.start(ofSlot: 12)
        cluster.reorganisation = (at: at, shift: 1 + seed % 7)
        cluster.crashAll(from: at + .milliseconds(4000 + Int(seed % 50) * 37), until: at + .seconds(6))
        cluster.run(untilSlot: 25)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        #expect(!cluster.succeeded(slots: 8..<12).isEmpty, "the first half of the epoch was signed, so there is a trap")
        let refused = cluster.oracle.reports.contains {
            switch $0.report {
            case .fault(_, let fault): fault.description.contains("slashing protection")
            case .retrying(_, .fetcher, let what): what.contains("slashing protection")
            default: false
            }
        }
        #expect(refused, "the second vote of an epoch was proposed or decided, and refused; \(replay(seed))")
    }

    @Test(
        "duties that a reorg moves are begun where they are now, and nobody votes twice in an epoch",
        arguments: Seeds.fromEnvironment(default: 0..<6))
    func toldOfMovedDuties(seed: UInt64) {
        var cluster = makeCluster(Self.sizes[Int(seed % 3)], seed)
        let shift = 1 + seed % 7
        // In the middle of epoch 1; everybody runs on.
        cluster.run(untilSlot: 1)
        cluster.reorganise([Epoch(1), Epoch(2)], shift: shift, at: cluster.start(ofSlot: 12))
        cluster.run(untilSlot: 25)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        let chain = cluster.chain
        func isDone(_ row: AttesterDuty) -> Bool {
            cluster.oracle.broadcastKeys(.attester(slot: row.slot)).contains(row.pubKey)
        }
        let rows = zip(chain.duties(of: Epoch(1)), chain.duties(of: Epoch(1), shift: shift))
        for (before, after) in rows where before.slot > 13 && after.slot > 13 {
            #expect(isDone(after) && (before.slot == after.slot || !isDone(before)), replay(seed))
        }
        for row in chain.duties(of: Epoch(2), shift: shift) { #expect(isDone(row), replay(seed)) }
    }
}
