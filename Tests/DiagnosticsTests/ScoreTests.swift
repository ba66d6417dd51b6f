import Testing

@testable import Diagnostics

@Suite struct ScoreTests {
    private static func score(_ verdicts: [Verdict], acceptable: Bool = false) -> Score {
        Score(verdicts.map { CaseResult(name: "Ping", finding: Finding(verdict: $0, isAcceptable: acceptable)) })
    }

    @Test(
        "of a target",
        arguments: [
            ([], .a), ([.ok], .a), ([.good], .a), ([.average], .b), ([.good, .average], .a),
            ([.good, .average, .average], .b), ([.ok, .ok, .average], .b), ([.skip, .average, .good], .a),
            ([.skip], .a), ([.poor], .c), ([.fail], .c), ([.good, .good, .good, .poor], .c), ([.ok, .fail], .c),
        ] as [([Verdict], Score)])
    func target(verdicts: [Verdict], score: Score) { #expect(Self.score(verdicts) == score) }

    @Test("a failure that is acceptable does not count")
    func acceptable() {
        #expect(Self.score([.fail, .good], acceptable: true) == .a)
        #expect(Self.score([.fail, .average], acceptable: true) == .b)
        #expect(Self.score([.poor], acceptable: true) == .c)
    }

    @Test("of a category: the worst of peers, the best of all else, none without targets", arguments: Category.allCases)
    func category(category: Diagnostics.Category) {
        #expect(category.score([]) == nil)
        #expect(category.score([.b]) == .b)
        #expect(category.score([.b, .c, .a]) == (category == .peers ? .c : .a))
        #expect(category.score([.c, .b]) == (category == .peers ? .c : .b))
    }
}
