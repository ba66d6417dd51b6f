import BeaconClient
import Testing

@Suite("Wins")
struct WinCounterTests {
    @Test("the best node is the one that won most in the last minute")
    func wins() {
        let start = ContinuousClock.now
        var counter = WinCounter(nodes: 3, start: start)
        #expect(counter.ranking(at: start) == [0, 1, 2])
        counter.record(2, at: start)
        counter.record(2, at: start + .seconds(1))
        counter.record(1, at: start + .seconds(30))
        #expect(counter.ranking(at: start + .seconds(31)) == [2, 1, 0])
        #expect(counter.ranking(at: start + .seconds(65)) == [1, 0, 2])
        #expect(counter.ranking(at: start + .seconds(1000)) == [0, 1, 2])
        counter.record(0, at: start + .seconds(1000))
        #expect(counter.ranking(at: start + .seconds(1001)) == [0, 1, 2])
        // A clock never runs backwards, but nothing breaks if it did.
        counter.record(1, at: start - .seconds(5))
        #expect(counter.ranking(at: start + .seconds(1001)) == [0, 1, 2])
    }
}
