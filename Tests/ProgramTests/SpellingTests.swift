import Testing

@testable import Program

@Suite struct SpellingTests {
    @Test(
        "letters between two names",
        arguments: [
            ("", "", 0), ("a", "", 1), ("linear", "lineer", 1), ("linear", "liner", 1), ("linear", "linears", 1),
            ("ab", "ba", 2), ("abc", "xyz", 3),
        ])
    func distance(a: String, b: String, expected: Int) {
        #expect(Spelling.distance(a, b) == expected && Spelling.distance(b, a) == expected)
    }

    @Test("the nearest of two slips at most")
    func nearest() {
        let names = ["linear", "quic", "json_requests"]
        for (name, expected) in [
            ("lineer", "linear"), ("qiuc", "quic"), ("quiccc", "quic"), ("other", nil),
        ] as [(String, String?)] {
            #expect(Spelling.nearest(to: name, in: names) == expected)
        }
        #expect(Spelling.nearest(to: String(repeating: "x", count: 1 << 16), in: names) == nil)
    }
}
