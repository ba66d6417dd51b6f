import Testing

@testable import BeaconClient

@Suite("What one event stream may bring")
struct EventAllowanceTests {
    private let start = ContinuousClock.now

    @Test("a chain's events, a slashing's lists and a burst after a gap pass at once")
    func passes() {
        var allowance = EventAllowance()
        for second in 0..<600 {
            let now = start + .seconds(second)
            #expect(allowance.take(events: 8, bytes: 4000, at: now) == nil)
        }
        #expect(allowance.take(events: 1, bytes: BeaconEventStream.longestEventBytes, at: start + .seconds(600)) == nil)
        #expect(allowance.take(events: 200, bytes: 100_000, at: start + .seconds(600)) == nil)
    }

    @Test(
        "what comes without end comes at the allowed rate",
        arguments: [
            (events: 300, bytes: 60_000, perSecond: 64.0), (events: 1, bytes: 4 << 20, perSecond: 0.0625),
            (events: 0, bytes: 1 << 20, perSecond: 0.25),
        ])
    func paced(events: Int, bytes: Int, perSecond: Double) {
        var allowance = EventAllowance()
        var now = start
        let count = 1000
        for _ in 0..<count { now += allowance.take(events: events, bytes: bytes, at: now) ?? .zero }
        let seconds = start.duration(to: now) / .seconds(1)
        let rate = Double(count * max(events, 1)) / seconds
        #expect(perSecond * 0.95...perSecond * 1.05 ~= rate)
    }

    @Test("a pause that was kept makes good what was too much, and no more")
    func makesGood() {
        var allowance = EventAllowance()
        #expect(allowance.take(events: 256 + 64, bytes: 0, at: start) == .seconds(1))
        #expect(allowance.take(events: 0, bytes: 0, at: start + .seconds(1)) == nil)
        #expect(allowance.take(events: 1, bytes: 0, at: start + .seconds(1)) == .seconds(1) / 64)
        // However long nothing comes, no more than the usual burst is saved up.
        #expect(allowance.take(events: 256 + 64, bytes: 0, at: start + .seconds(10_000)) == .seconds(1))
    }
}
