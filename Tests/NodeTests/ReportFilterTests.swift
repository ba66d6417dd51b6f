import Ethereum
import PeerProtocols
import Testing

@testable import DutyWorkflow
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

    @Test("why this node does not sign is told now and then, although other validators' duties succeed")
    func unsigned() {
        var filter = ReportFilter()
        let start = ContinuousClock.now
        var told: [Bool] = []
        for minutes in [0, 1, 59, 60] {
            told.append(filter.isNews(.validatorAPI, "no key", at: start + .seconds(60 * minutes)))
            DutyStep.allCases.forEach { filter.works($0.name) }
        }
        #expect(told == [true, false, false, true])
        let (other, fetch) = (
            filter.isNews(.validatorAPI, "refused", at: start), filter.isNews(.fetcher, "refused", at: start)
        )
        #expect(other && fetch)
    }

    @Test("faults are told by who and what, not by which message; the rest is counted")
    func faults() throws {
        var filter = ReportFilter()
        let start = ContinuousClock.now
        var told = 0
        func note(_ step: TrackedStep, _ seconds: Int) throws -> FaultLog.Verdict {
            let verdict = filter.fault(try #require(DutyFault(step)), at: start + .seconds(seconds))
            if verdict != .keepQuiet { told += 1 }
            return verdict
        }
        let (one, two) = (PubKey(padding: [1]), PubKey(padding: [2]))
        let share = ShareIndex(PeerIndex(2))
        for round in 0...1000 {
            _ = try note(.peerRefused(PeerIndex(2), "round \(round) of slot \(round * 3)"), round == 0 ? 0 : 1)
        }
        #expect(told == 1)
        _ = try note(.peerRefused(PeerIndex(3), "round 7 of slot 100"), 1)
        _ = try note(.malformedShare(one, share, "of another duty"), 1)
        _ = try note(.malformedShare(two, share, "of another duty"), 1)
        #expect(told == 3, "the second validator of one operator is no news")
        #expect(try note(.peerRefused(PeerIndex(2), "round 1 of slot 1"), 60) == .tell(suppressed: 1000))
    }
}
