import Testing

@testable import Program

@Suite("warnings and errors are counted by topic")
struct LogTallyTests {
    @Test("each on its own, and of topics not without end")
    func counts() {
        LogTally.note(.warning, topic: "tally-a")
        LogTally.note(.warning, topic: "tally-a")
        LogTally.note(.error, topic: "tally-a")
        #expect(LogTally.counts["tally-a"]?.warnings == 2 && LogTally.counts["tally-a"]?.errors == 1)
        for number in 0..<1000 { LogTally.note(.error, topic: "tally-\(number)") }
        #expect(LogTally.counts.count <= 64)
        LogTally.note(.error, topic: "tally-a")
        #expect(LogTally.counts["tally-a"]?.errors == 2)
    }
}
