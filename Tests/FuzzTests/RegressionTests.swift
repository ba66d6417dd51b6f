import Program
import Testing

/// What fuzzing found, where the input alone does not say what was wrong.
@Suite("bugs that fuzzing found")
struct RegressionTests {
    @Test(
        "short durations read back",
        arguments: [
            (Duration.nanoseconds(3), "3ns"), (.nanoseconds(999), "999ns"), (.microseconds(2), "2µs"),
            (.nanoseconds(1500), "1.5µs"), (.milliseconds(300), "300ms"), (.seconds(90), "1m30s"), (.zero, "0s"),
        ])
    func durations(duration: Duration, text: String) {
        #expect(GoDuration.format(duration) == text)
        #expect(GoDuration.parse(text) == duration)
    }
}
