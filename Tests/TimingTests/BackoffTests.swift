import Testing
import Timing

@Suite("Back-off")
struct BackoffTests {
    @Test(
        "pauses grow by 1.6 to the maximum",
        arguments: [
            (attempt: 1, seconds: 1.0), (2, 1.6), (3, 2.56), (4, 4.096), (8, 26.844), (9, 30), (100, 30), (.max, 30),
            (0, 1), (-3, 1),
        ])
    func growth(attempt: Int, seconds: Double) {
        let backoff = Backoff(base: .seconds(1), max: .seconds(30))
        #expect(abs(backoff.delay(attempt: attempt) / .seconds(1) - seconds) < 0.001)
    }

    @Test("a pause is random within its share", arguments: [0.1, 0.2, 1])
    func jitter(share: Double) {
        var random = SplitMix64(seed: 2)
        let backoff = Backoff(base: .seconds(1), max: .seconds(30), jitter: share)
        let pauses = (0..<1000).map { _ in backoff.delay(attempt: 1, random: &random) / .seconds(1) }
        #expect(pauses.allSatisfy { abs($0 - 1) <= share + 1e-9 })
        #expect(pauses.contains { $0 < 1 - share / 2 } && pauses.contains { $0 > 1 + share / 2 })
    }

    @Test("counts failures, and starts again after a success")
    func counting() {
        var random = SplitMix64(seed: 3)
        var backoff = Backoff(base: .milliseconds(100), max: .milliseconds(200), jitter: 0)
        #expect((0..<3).map { _ in backoff.next(using: &random) } == [100, 160, 200].map { .milliseconds($0) })
        backoff.reset()
        #expect(backoff.next(using: &random) == .milliseconds(100))
    }
}
