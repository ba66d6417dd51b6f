import Testing

@testable import ValidatorAPI

@Suite("Accept")
struct AcceptTests {
    @Test(
        "SSZ is for who names it and does not like JSON better",
        arguments: [
            (nil, false), ("", false), ("*/*", false), ("text/html", false), ("application/json", false),
            ("application/octet-stream", true), ("Application/Octet-Stream", true),
            ("application/octet-stream;q=1.0,application/json;q=0.9", true),
            ("application/octet-stream; q=0.5 , application/json", false),
            ("application/json;q=0.9, application/octet-stream", true),
            ("application/octet-stream,application/json", true), ("application/json,application/octet-stream", false),
            ("application/octet-stream;q=0", false), (",;,q=1", false),
        ] as [(String?, Bool)])
    func prefersSSZ(header: String?, expected: Bool) {
        #expect(Accept(header).prefersSSZ == expected)
    }
}
