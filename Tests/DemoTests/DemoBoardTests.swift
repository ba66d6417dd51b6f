import DutyWorkflow
import Ethereum
import Testing

@testable import Demo

@Suite("the demo's board")
struct DemoBoardTests {
    @Test("a run without end forgets what is old; any other forgets nothing", arguments: [true, false])
    func bounds(isEndless: Bool) {
        let board = DemoBoard(.all, isEndless: isEndless)
        for slot in UInt64(0)..<3000 {
            let duty = Duty.attester(slot: Slot(slot))
            board.heard(.decided(duty, round: 1, leader: PeerIndex(0), after: .milliseconds(1)), from: 0)
            board.heard(.dutiesMissed(from: Slot(slot), to: Slot(slot), count: 1, "x"), from: 1)
        }
        let rows = board.rows(.attester, in: 0..<3000).count
        #expect(isEndless ? rows <= 1000 : rows == 3000)
        #expect(board.failures.count == (isEndless ? 100 : 3000))
        #expect(board.row(.attester(slot: Slot(2999))) != nil)
    }
}
