import Testing

@testable import ValidatorAPI

@Suite("Query texts")
struct QueryTests {
    @Test(
        "escapes are resolved; broken ones are seen",
        arguments: [
            ("abc", "abc", false), ("%41b", "Ab", false), ("%25", "%", false), ("%zz", "%zz", true), ("%4", "%4", true),
            ("a%", "a%", true), ("%FF", "%FF", true), ("", "", false),
        ] as [(String, String, Bool)])
    func escapes(text: String, resolved: String, isBroken: Bool) {
        #expect(text.removingPercentEscapes() == resolved)
        #expect(text.hasBrokenEscape == isBroken)
    }
}
