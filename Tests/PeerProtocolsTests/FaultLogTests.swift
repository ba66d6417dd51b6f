import DutyWorkflow
import Testing

@testable import PeerProtocols

@Suite("fault log")
struct FaultLogTests {
    private let start = ContinuousClock.now

    @Test("the first is told, then one in a while with the number of those between")
    func suppresses() {
        var log = FaultLog(pause: .seconds(10))
        let verdicts = [0, 1, 2, 9, 10, 11, 40].map { second in
            log.note("bad", of: PeerIndex(1), at: start + .seconds(second))
        }
        #expect(
            verdicts == [
                .tell(suppressed: 0), .keepQuiet, .keepQuiet, .keepQuiet, .tell(suppressed: 3), .keepQuiet,
                .tell(suppressed: 1),
            ])
        #expect(log.totals == [FaultLog.Key(peer: PeerIndex(1), kind: "bad"): 7])
    }

    @Test("peers and kinds are told apart")
    func keys() {
        var log = FaultLog()
        for peer in [PeerIndex(1), PeerIndex(2), nil] {
            for kind in ["a", "b"] {
                let verdict = log.note(kind, of: peer, at: start)
                #expect(verdict == .tell(suppressed: 0))
            }
        }
        #expect(log.totals.count == 6)
    }
}
