import NIOCore
import Testing

@testable import PeerProtocols

@Suite("work budget")
struct WorkBudgetTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    /// What an honest operator sends in a slot of 12 s: (bytes, how often).
    @Test(
        "an honest operator never runs out",
        arguments: [
            // 1000 validators: consensus on attestations and aggregates with all values, shares of eight duties.
            [(340_000, 10), (600_000, 10), (480_000, 8), (2_000, 60)],
            // The same in the slot of a block with all its blobs, and a second round.
            [(340_000, 10), (600_000, 10), (480_000, 8), (2_000, 60), (10_000_000, 6)],
            // 100 validators, everything small.
            [(34_000, 20), (60_000, 20), (48_000, 8), (2_000, 60)],
        ])
    func honest(slot: [(bytes: Int, count: Int)]) {
        var budget = WorkBudget(now: start)
        for number in 0..<100 as Range<Int64> {
            for (bytes, count) in slot {
                for _ in 0..<count {
                    let isTaken = budget.take(WorkBudget.cost(bytes: bytes), now: start + .seconds(12 * number))
                    #expect(isTaken, "slot \(number), \(bytes) bytes")
                }
            }
        }
    }

    @Test("a flood gets an eighth of a core")
    func flood() {
        var budget = WorkBudget(now: start)
        var taken = 0
        for millisecond in 0..<60_000 as Range<Int64> {
            for _ in 0..<10 where budget.take(.microseconds(100), now: start + .milliseconds(millisecond)) {
                taken += 1
            }
        }
        // In 60 s: 2 s in stock and 7.5 s in the course of them.
        #expect((94_000...95_100).contains(taken))
    }
}
