import Ethereum
import Testing

@testable import Doctor

@Suite struct HTTPDateTests {
    @Test("reads the form that servers send")
    func reads() {
        #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == Instant(unixSeconds: 784_111_777))
        #expect(HTTPDate.parse("Thu, 29 Feb 2024 23:59:59 GMT") == Instant(unixSeconds: 1_709_251_199))
        #expect(HTTPDate.parse("Sat, 31 Dec 2033 00:00:00 GMT") == Instant(unixSeconds: 2_019_600_000))
    }

    @Test(
        "refuses everything else",
        arguments: [
            "", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 2025 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT x",
        ])
    func refuses(text: String) { #expect(HTTPDate.parse(text) == nil) }
}
