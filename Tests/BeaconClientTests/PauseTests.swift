import BeaconClient
import Testing

@Suite("Pauses and wins")
struct PauseTests {
    @Test(
        "pauses grow to the cap",
        arguments: [
            (PauseSchedule.fast, 0, 0.0, Duration.milliseconds(100)), (.fast, 1, 0, .milliseconds(160)),
            (.fast, 2, 0, .milliseconds(256)), (.fast, 100, 0, .seconds(5)), (.fast, 0, 1, .milliseconds(120)),
            (.fast, 0, -1, .milliseconds(80)), (.standard, 50, 0, .seconds(120)),
            (.reconnect(after: .seconds(1)), 0, 1, .seconds(1)),
            (.reconnect(after: .seconds(1)), 1, 0, .milliseconds(1600)),
            (.reconnect(after: .seconds(1)), 2, 0, .seconds(2)), (.fast, -3, 0, .milliseconds(100)),
        ])
    func delays(backoff: PauseSchedule, attempt: Int, random: Double, delay: Duration) {
        let difference = backoff.delay(attempt: attempt, random: random) - delay
        #expect(difference > .microseconds(-1) && difference < .microseconds(1))
    }

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
