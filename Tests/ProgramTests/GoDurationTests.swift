import Program
import Testing

@Suite("Go's durations")
struct GoDurationTests {
    @Test(
        "durations in Go's notation",
        arguments: [
            ("300ms", Duration.milliseconds(300)), ("2s", .seconds(2)), ("1h30m", .seconds(5400)),
            ("1.5s", .milliseconds(1500)),
            ("0", .zero), ("5m0s", .seconds(300)),
        ])
    func goDuration(text: String, duration: Duration) {
        #expect(GoDuration.parse(text) == duration)
    }

    @Test(
        "written as Go does, with no more decimals than nanoseconds",
        arguments: [
            (.zero, "0s"), (.nanoseconds(7), "7ns"), (.nanoseconds(1500), "1.5µs"), (.milliseconds(300), "300ms"),
            (.nanoseconds(1_234_567), "1.234567ms"), (.nanoseconds(1_000_001), "1.000001ms"),
            (.nanoseconds(5_007_927_991), "5.007927991s"), (.seconds(20), "20s"), (.seconds(62), "1m2s"),
            (.seconds(5400), "1h30m0s"), (.milliseconds(-1500), "-1.5s"),
            (Duration(secondsComponent: 5, attosecondsComponent: 7_927_991_000_000), "5.000007928s"),
        ] as [(Duration, String)])
    func written(duration: Duration, text: String) {
        #expect(GoDuration.format(duration) == text)
    }

    @Test(
        "texts that are no duration", arguments: ["", "2", "s", "-1s", "1x", "1s2", "1e3s", "９s", "99999999999h", ".s"])
    func notDuration(text: String) {
        #expect(GoDuration.parse(text) == nil)
    }
}
