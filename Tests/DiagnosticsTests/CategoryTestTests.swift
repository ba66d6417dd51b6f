import Synchronization
import TestSupport
import Testing

@testable import Diagnostics

@Suite struct CategoryTestTests {
    private static func target(_ name: String, _ cases: [TestCase]) -> CategoryTest.Target {
        CategoryTest.Target(name: name, cases: cases)
    }

    private static func verdicts(_ result: CategoryResult) -> [String] {
        result.targets.flatMap { target in
            target.results.map { "\(target.name) \($0.name) \($0.verdict.rawValue) \($0.finding.error)" }
        }
    }

    private static let names = ["Ping", "PingMeasure", "PingLoad"]
    private static let passing = names.map { TestCase($0) { .ok } }

    @Test("runs the cases that are named, in their own order")
    func selection() async throws {
        for (selection, expected) in [
            ([], Self.names), (["Ping"], ["Ping"]), (["PingLoad", "Ping"], ["Ping", "PingLoad"]),
        ] {
            let test = try CategoryTest(.validator, [Self.target("t", Self.passing)], selection: selection)
            let result = await test.run(timeout: .seconds(3600), clock: TestClock().clock)
            #expect(result.targets.flatMap { $0.results.map(\.name) } == expected)
        }
    }

    @Test(
        "an unknown name is an error that tells it and the known ones",
        arguments: [(["ping"], "ping"), (["Pong", "Peng"], "Pong,Peng"), (["Ping", "Nonsense"], "Nonsense")])
    func unknownCases(selection: [String], unknown: String) {
        let error = #expect(throws: DiagnosticsError.self) {
            try CategoryTest(.validator, [Self.target("t", Self.passing)], selection: selection)
        }
        #expect(
            error?.description == "test case not supported: --test-cases names \(unknown); the cases of "
                + "\(Category.validator.rawValue) are Ping,PingMeasure,PingLoad")
    }

    @Test("targets of one name are told apart, and are sorted")
    func names() async throws {
        let targets = ["b", "a", "b"].map { Self.target($0, [TestCase("Ping") { .ok }]) }
        let test = try CategoryTest(.beacon, targets, selection: [])
        let result = await test.run(timeout: .seconds(3600), clock: TestClock().clock)
        #expect(result.targets.map(\.name) == ["a", "b", "b (2)"])
    }

    @Test("a case that throws has failed, with the reason; those after it run")
    func failure() async throws {
        let cases = [
            TestCase("Ping") { throw CaseFailure.unexpected("status 503") }, TestCase("PingMeasure") { .ok },
        ]
        let result = await (try CategoryTest(.beacon, [Self.target("t", cases)], selection: [])).run(
            timeout: .seconds(3600), clock: TestClock().clock)
        #expect(Self.verdicts(result) == ["t Ping Fail status 503", "t PingMeasure OK "])
        #expect(result.score == .c)
    }

    @Test("when the time is over, what runs and what has not begun has failed; what is done stays")
    func timeout() async throws {
        let clock = TestClock()
        let cases = [
            TestCase("Ping") { .ok },
            TestCase("PingMeasure") {
                clock.limitIsOver.open()
                await Gate().wait()
                throw CaseFailure.unexpected("cancelled somewhere below")
            },
            TestCase("PingLoad") { .ok },
        ]
        let quick = Self.target("quick", [TestCase("Ping") { .ok }])
        let test = try CategoryTest(.beacon, [Self.target("slow", cases), quick], selection: [])
        let result = await test.run(timeout: .seconds(7200), clock: clock.clock)
        let late = "not finished within --timeout 2h0m0s"
        #expect(
            Self.verdicts(result).filter { $0.hasPrefix("slow") } == [
                "slow Ping OK ", "slow PingMeasure Fail \(late)", "slow PingLoad Fail \(late)",
            ])
    }

    @Test("when the user wants an end, what has not ended has failed")
    func interruption() async throws {
        let test = try CategoryTest(
            .beacon,
            [
                Self.target(
                    "t",
                    [
                        TestCase("Ping") {
                            await Gate().wait(); throw CancellationError()
                        }, TestCase("Version") { .ok },
                    ])
            ],
            selection: [])
        let clock = TestClock().clock
        let result = await withTaskGroup(of: CategoryResult?.self) { group in
            group.addTask { await test.run(timeout: .seconds(3600), clock: clock) }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(result.map(Self.verdicts) == ["t Ping Fail interrupted", "t Version Fail interrupted"])
    }
}
