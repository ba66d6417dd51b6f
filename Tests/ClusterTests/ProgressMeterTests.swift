import Cluster
import Testing

@Suite struct ProgressMeterTests {
    /// Milliseconds and pieces done of ten, and what is shown.
    private func check(_ style: ProgressMeter.Style, _ rows: [(Int, Int, String?)]) {
        var meter = ProgressMeter("opening", style: style)
        for (milliseconds, done, text) in rows {
            #expect(meter.update(done: done, total: 10, elapsed: .milliseconds(milliseconds)) == text)
        }
    }

    @Test("short work shows nothing")
    func short() {
        check(.bar, [(0, 0, nil), (500, 5, nil), (999, 9, nil), (1500, 10, nil)])
        check(.lines, [(0, 0, nil), (999, 9, nil), (1001, 10, nil)])
        var none = ProgressMeter("x", style: .bar)
        #expect(none.update(done: 0, total: 0, elapsed: .seconds(9)) == nil)
    }

    @Test("a bar is drawn from the second second on, ten times a second")
    func bar() {
        check(
            .bar,
            [
                (900, 1, nil), (1000, 2, "opening [######························] 2/10, 4 s left"), (1050, 3, nil),
                (1100, 3, "opening [#########·····················] 3/10, 3 s left"),
                // Late news.
                (1300, 2, nil), (1300, 3, nil),
                (1310, 10, "opening [##############################] 10/10"),
            ])
    }

    @Test("lines come every five seconds, and at the end")
    func lines() {
        check(
            .lines,
            [
                (1500, 1, "opening: 1 of 10, about 14 s left"), (6000, 3, nil),
                (6500, 4, "opening: 4 of 10, about 10 s left"), (7000, 10, "opening: 10 of 10"),
            ])
    }

    @Test("nonsense shows nothing")
    func nonsense() {
        check(.lines, [(9000, 11, nil), (9000, -1, nil), (9000, 0, nil)])
    }
}
