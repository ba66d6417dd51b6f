import DutyWorkflow
import Ethereum
import KillMatrix
import Testing

@Suite("Duties that were owed, and a run's verdict")
struct DutyCountTests {
    private static let clock = SlotClock(
        genesis: Instant(unixSeconds: 1_700_000_000), slotDuration: .seconds(4), slotsPerEpoch: 8)

    private func time(_ slot: Slot, _ seconds: Int = 0) -> Instant { Self.clock.start(of: slot) + .seconds(seconds) }

    /// Nodes up from slot 1 on; those in `down` away from the middle of slot 10 to that of slot 11.
    private func count(down: [Int]) -> DutyCount {
        var presence = DutyCount.Presence(nodes: 4)
        for node in 0..<4 {
            presence.begin(node, at: time(1))
            guard down.contains(node) else { continue }
            presence.end(node, at: time(10, 2))
            presence.begin(node, at: time(11, 2))
        }
        return DutyCount(presence, nodes: 4, threshold: 3, clock: Self.clock)
    }

    private func isOwed(_ slot: Slot, _ type: DutyType, down: [Int]) -> Bool {
        var count = count(down: down)
        count.add(Duty(slot: slot, type: type), isDone: false)
        return count.owed == 1
    }

    @Test("an attestation is owed as long as a quorum is up for its slot")
    func quorum() {
        for down in [[], [0], [1], [3]] { #expect(isOwed(10, .attester, down: down)) }
        for down in [[0, 1], [1, 3], [0, 1, 2, 3]] {
            #expect(!isOwed(10, .attester, down: down))
            #expect(!isOwed(11, .attester, down: down))
            #expect(isOwed(9, .attester, down: down))
            #expect(isOwed(12, .attester, down: down))
        }
        #expect(!isOwed(0, .attester, down: []))
    }

    @Test("what has a part of a slot is owed if its first leader is up")
    func leaders() {
        // Slot 10, type 1, round 1: node 0.
        #expect(!isOwed(10, .proposer, down: [0]))
        #expect(isOwed(10, .proposer, down: [1]))
        // Nobody leads.
        #expect(isOwed(10, .syncMessage, down: [0]))
    }

    @Test("what is done is counted, and what is missing named")
    func rows() {
        var count = count(down: [0, 1])
        count.add(.attester(slot: 9), isDone: true)
        count.add(.attester(slot: 12), isDone: false)
        count.add(.attester(slot: 10), isDone: true)
        count.add(.attester(slot: 11), isDone: false)
        var row = DutyCount.Row()
        (row.owed, row.done, row.beyond) = (2, 1, 1)
        #expect(count.rows == [.attester: row])
        #expect(count.missing == ["12/attester"])
    }

    // MARK: Verdicts

    private func summary(_ change: (inout MatrixSummary) -> Void) -> MatrixSummary {
        var summary = MatrixSummary()
        (summary.messages, summary.statements) = (10, 20)
        summary.kills = [MatrixSummary.random: 2, "vote": 3]
        summary.duties[.attester] = DutyCount.Row(owed: 10, done: 10)
        summary.duties[.proposer] = DutyCount.Row(owed: 10, done: 9)
        change(&summary)
        return summary
    }

    @Test("a run is good without contradictions and with its duties, and not otherwise")
    func verdicts() {
        #expect(summary { _ in }.verdict == nil)
        #expect(summary { $0.contradictions = ["one"] }.verdict == "1 contradictions")
        #expect(summary { $0.faults = ["one"] }.verdict == "1 faults")
        #expect(summary { $0.messages = 0 }.verdict == "nothing was heard")
        #expect(summary { $0.duties[.attester] = DutyCount.Row(owed: 10, done: 9) }.verdict == nil)
        #expect(
            summary { $0.duties[.attester] = DutyCount.Row(owed: 10, done: 8) }.verdict
                == "only 8 of 10 duties of type attester were done")
        #expect(
            summary { $0.duties[.proposer] = DutyCount.Row(owed: 10, done: 2) }.verdict
                == "only 2 of 10 duties of type proposer were done")
        #expect(summary { $0.duties = [:] }.verdict?.hasPrefix("no duty was owed") == true)
    }

    @Test("the last line counts kills, duties and contradictions")
    func lastLine() {
        let summary = summary {
            $0.seconds = 60
            $0.slots = 20
            $0.contradictions = ["one"]
        }
        #expect(
            summary.lines.last
                == "kill-matrix: 5 kills in 60 s (5.0 a minute), 20 slots, duties 19 of 20, 1 contradictions")
        #expect(summary.lines.contains("CONTRADICTION: one"))
    }
}
