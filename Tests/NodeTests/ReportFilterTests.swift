import DutyWorkflow
import Testing

@testable import Node

@Suite("what the operator is told of what repeats itself")
struct ReportFilterTests {
    @Test("a lasting cause is told once, another cause and the next outage again")
    func onChange() {
        var filter = ReportFilter()
        var told: [Bool] = []
        for reason in ["refused", "refused", "timeout", "timeout", "refused"] {
            told.append(filter.isNews("fetch", reason))
        }
        told.append(filter.isNews("broadcast", "refused"))
        #expect(told == [true, false, true, false, true, true])
        filter.works("fetch")
        let (again, other) = (filter.isNews("fetch", "refused"), filter.isNews("broadcast", "refused"))
        #expect(again && !other)
    }

    @Test("faults are told by who and what, not by which message; the rest is counted")
    func faults() {
        var filter = ReportFilter()
        let start = ContinuousClock.now
        var told: [String] = []
        func note(_ text: String, _ seconds: Int) {
            if filter.fault(text, at: start + .seconds(seconds)) != .keepQuiet { told.append(text) }
        }
        note("refused a message of operator 2: round 7 of slot 100", 0)
        for index in 0..<1000 { note("refused a message of operator 2: round \(index) of slot \(index * 3)", 1) }
        #expect(told.count == 1)
        note("refused a message of operator 3: round 7 of slot 100", 1)
        note("share 3 sent a signature of another duty for validator 0xab12", 1)
        note("share 3 sent a signature of another duty for validator 0xcd34", 1)
        #expect(told.count == 3)
        let later = filter.fault("refused a message of operator 2: round 1 of slot 1", at: start + .seconds(60))
        #expect(later == .tell(suppressed: 1000))
    }
}
