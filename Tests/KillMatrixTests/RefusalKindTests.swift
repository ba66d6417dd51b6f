import Testing

@testable import KillMatrix

@Suite("What a refusal of the chain says")
struct RefusalKindTests {
    @Test(
        "a second object is a contradiction, what comes too late is not",
        arguments: [
            ("signed something else for this duty before", RefusalKind.contradiction),
            ("another block of slot 7 (slashable)", .contradiction),
            ("a block of slot 7, which is over", .late), ("of slot 7, which is too old", .late),
            ("a signature does not verify", .other), ("unknown validator 9", .other),
        ])
    func kinds(why: String, kind: RefusalKind) {
        #expect(RefusalKind(why) == kind)
    }
}
