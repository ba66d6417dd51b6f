import Cluster
import Ethereum
import Testing

@Suite struct RFC3339Tests {
    @Test(
        "times and texts",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_795_467_579, "2026-11-23T20:59:39Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"), (-2_208_988_800, "1900-01-01T00:00:00Z"),
        ])
    func seconds(unixSeconds: Int64, text: String) {
        let instant = Instant(nanoseconds: unixSeconds * 1_000_000_000)
        #expect(RFC3339.seconds(instant) == text)
        #expect(RFC3339.nanoseconds(instant) == text)
        #expect(RFC3339.parse(text) == instant)
    }

    @Test("decimals and offsets")
    func parts() {
        let instant = Instant(nanoseconds: 1_795_467_579_120_000_003)
        #expect(RFC3339.nanoseconds(instant) == "2026-11-23T20:59:39.120000003Z")
        #expect(RFC3339.parse("2026-11-23T20:59:39.120000003Z") == instant)
        #expect(RFC3339.parse("2026-11-23T22:29:39.120000003+01:30") == instant)
        #expect(RFC3339.parse("2026-11-23T12:59:39.120000003-08:00") == instant)
        #expect(RFC3339.nanoseconds(Instant(nanoseconds: -1)) == "1969-12-31T23:59:59.999999999Z")
        #expect(RFC3339.seconds(Instant(nanoseconds: -1)) == "1969-12-31T23:59:59Z")
        #expect(RFC3339.nanoseconds(Instant(nanoseconds: .min)).hasPrefix("1677-09-21T00:12:43.145224192"))
        #expect(RFC3339.nanoseconds(Instant(nanoseconds: .max)).hasPrefix("2262-04-11T23:47:16.854775807"))
    }

    @Test(
        "local times",
        arguments: [
            (0, "2026-11-23T20:59:39Z"), (3600, "2026-11-23T21:59:39+01:00"), (-12600, "2026-11-23T17:29:39-03:30"),
            (14 * 3600, "2026-11-24T10:59:39+14:00"),
        ])
    func local(offset: Int, text: String) {
        let instant = Instant(unixSeconds: 1_795_467_579)
        #expect(RFC3339.seconds(instant, secondsEastOfUTC: offset) == text)
        #expect(RFC3339.parse(text) == instant)
    }

    @Test(
        "refuses other texts",
        arguments: [
            "", "2026-11-23", "2026-11-23T20:59:39", "2026-11-23 20:59:39Z", "2026-11-23t20:59:39Z",
            "26-11-23T20:59:39Z",
            "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+25:00",
            "2026-01-01T00:00:00ZZ", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "２026-01-01T00:00:00Z",
        ])
    func refuses(text: String) { #expect(RFC3339.parse(text) == nil) }
}
