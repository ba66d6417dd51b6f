import Testing

@testable import Node

@Suite struct SwitchFileTurnsTests {
    @Test("a plan that cannot be taken up is tried again after a minute, and told once for each cause")
    func retries() {
        var turns = SwitchFileTurns<Int>()
        let start = ContinuousClock.now
        func isDue(_ found: Int?, after seconds: Int) -> Bool { turns.isDue(found, at: start + .seconds(seconds)) }
        func isTold(_ why: String, after seconds: Int) -> Bool { turns.failed(why, at: start + .seconds(seconds)) }
        #expect([isDue(nil, after: 0), isDue(1, after: 0)] == [false, true])
        #expect(isTold("no directory", after: 0))
        #expect([isDue(1, after: 59), isDue(1, after: 60)] == [false, true])
        #expect(!isTold("no directory", after: 60))
        #expect([isDue(1, after: 119), isDue(2, after: 119)] == [false, true], "another file")
        #expect(isTold("no lock", after: 119))
        #expect(isDue(2, after: 179))
        turns.succeeded()
        #expect([isDue(2, after: 500), isDue(nil, after: 500), isDue(nil, after: 600)] == [false, true, false])
    }
}
