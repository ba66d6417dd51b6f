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
        "texts that are no duration", arguments: ["", "2", "s", "-1s", "1x", "1s2", "1e3s", "９s", "99999999999h", ".s"])
    func notDuration(text: String) {
        #expect(GoDuration.parse(text) == nil)
    }
}
