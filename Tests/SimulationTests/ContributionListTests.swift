import DutyWorkflow
import Ethereum
import Simulation
import Testing
import Timing

/// The last member of the simulated sync committee sits in two subcommittees, and is selected for each in about every
/// other slot. Nodes agree on lists in slot 7 (v1.11.md §3.1); v1.10 knows single contributions only.
@Suite("contributions of a validator in two subcommittees")
struct ContributionListTests {
    private func duty(_ slot: UInt64) -> Duty { Duty(slot: Slot(slot), type: .syncContribution) }

    private func owed(_ cluster: SimulatedCluster, _ slot: UInt64, lists: Bool) -> Set<EntryKey> {
        Set(cluster.chain.owed(in: Slot(slot), lists: lists).filter { $0.duty == duty(slot) }.map(\.key))
    }

    /// Slots in which some validator is selected for two subcommittees.
    private func twice(_ cluster: SimulatedCluster, _ slots: Range<UInt64>) -> [UInt64] {
        slots.filter { owed(cluster, $0, lists: true).count > owed(cluster, $0, lists: false).count }
    }

    @Test("are all broadcast once lists are agreed on, with a share of each by every node")
    func lists() {
        var cluster = makeCluster(4, 1) { $0.allDuties = true }
        cluster.run(untilSlot: 49)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(cluster.missedOfAll(slots: 8..<48, lists: true).isEmpty)
        let slots = twice(cluster, 8..<48)
        #expect(!slots.isEmpty)
        for slot in slots {
            let owed = owed(cluster, slot, lists: true)
            #expect(cluster.oracle.broadcastEntries(duty(slot)) == owed, "slot \(slot)")
            for node in 0..<4 {
                #expect(cluster.oracle.shared(ShareIndex(PeerIndex(node)), duty(slot)) == owed, "slot \(slot)")
            }
        }
    }

    @Test("are single, and of the lowest, as long as fewer than a threshold of nodes reads lists", arguments: [0, 2])
    func single(new: Int) {
        var cluster = makeCluster(4, 2) { options in
            options.allDuties = true
            for node in new..<4 { options.versions[node] = ["v1.10"] }
        }
        cluster.run(untilSlot: 49)
        #expect(cluster.oracle.conflicts.isEmpty)
        #expect(cluster.missedOfAll(slots: 0..<48).isEmpty)
        let slots = twice(cluster, 0..<48)
        #expect(!slots.isEmpty)
        for slot in slots {
            #expect(cluster.oracle.broadcastEntries(duty(slot)) == owed(cluster, slot, lists: false), "slot \(slot)")
        }
    }

    @Test(
        "a restart in the midst, of one node or all, costs no promise; when lists are agreed on again all are broadcast",
        arguments: Seeds.fromEnvironment(default: 0..<6))
    func restart(seed: UInt64) {
        var cluster = makeCluster(4, seed) { $0.allDuties = true }
        // Contributions are made from the second third of a slot on.
        for slot in UInt64(9)..<15 {
            let from = cluster.start(ofSlot: slot) + .milliseconds(8000 + 97 * Int((seed * 6 + slot) % 12))
            let until = from + .milliseconds(300)
            if seed % 2 == 0 {
                cluster.crash(node: Int(seed + slot) % 4, from: from, until: until)
            } else {
                cluster.crashAll(from: from, until: until)
            }
        }
        cluster.run(untilSlot: 49)
        #expect(cluster.oracle.conflicts.isEmpty, replay(seed))
        for slot in UInt64(9)..<15 {
            // A node that has restarted leads with single ones, until the epoch ends.
            let seen = cluster.oracle.broadcastEntries(duty(slot))
            #expect(seen.isSubset(of: owed(cluster, slot, lists: true)), replay(seed))
        }
        // Those of slots 16 to 23 hang on selections, which were shared in the midst of it.
        #expect(cluster.missedOfAll(slots: 24..<48, lists: true).isEmpty, replay(seed))
        #expect(!twice(cluster, 24..<48).isEmpty, replay(seed))
    }
}
