import Ethereum
import Testing

@testable import Node

@Suite struct ClockWatchTests {
    private static let steady = ContinuousClock.now

    /// - Parameter rows: seconds of both clocks since the start.
    private func jumps(_ rows: [(wall: Double, steady: Double)]) -> [Duration?] {
        var watch = ClockWatch()
        return rows.map { row in
            watch.look(
                Instant(unixSeconds: 1_000_000) + .seconds(row.wall), steady: Self.steady + .seconds(row.steady))
        }
    }

    @Test("clocks that go alike, or are corrected gently, do not jump")
    func quiet() {
        #expect(jumps([(0, 0), (12, 12), (24.4, 24), (35.6, 36), (1000, 1000)]) == [nil, nil, nil, nil, nil])
    }

    @Test("a clock that is set ahead or back jumps once")
    func jumps() {
        #expect(jumps([(0, 0), (112, 12), (124, 24)]) == [nil, .seconds(100), nil])
        #expect(jumps([(0, 0), (-100, 12), (-88, 24)]) == [nil, .seconds(-112), nil])
    }

    @Test("the last jump is remembered for a while")
    func memory() {
        var watch = ClockWatch()
        let start = Instant(unixSeconds: 1_000_000)
        _ = watch.look(start, steady: Self.steady)
        _ = watch.look(start - .seconds(60), steady: Self.steady)
        for _ in 1..<ClockWatch.looksKept {
            _ = watch.look(start - .seconds(60), steady: Self.steady)
            #expect(watch.jump == .seconds(-60))
        }
        _ = watch.look(start - .seconds(60), steady: Self.steady)
        #expect(watch.jump == .zero)
    }
}
