import DutyWorkflow
import Ethereum
import Testing

@testable import Node
@testable import ValidatorAPI

@Suite("what validator clients asked lately")
struct ClientLedgerTests {
    private static func record(
        _ endpoint: String, _ status: Int = 200, agent: String? = "vc", foreign: ShareIndex? = nil
    ) -> ValidatorAPIRecord {
        ValidatorAPIRecord(
            kind: .endpoint(endpoint), status: status, bodyType: .json, duration: .zero, wasInterrupted: status == 408,
            agent: agent, foreignHolder: foreign)
    }

    @Test("counts this epoch and the one before, good and failed apart")
    func counts() {
        var ledger = ClientLedger()
        ledger.turn(to: 5)
        for status in [200, 400, 503, 404, 408] { ledger.note(Self.record("a", status)) }
        ledger.turn(to: 6)
        ledger.note(Self.record("a"))
        ledger.note(Self.record("b", agent: "other", foreign: ShareIndex(PeerIndex(2))))
        ledger.noteBadSignature()
        var facts = ledger.facts
        #expect(facts.counts["a"] == .init(requests: 5, failed: 2) && facts.counts["b"] == .init(requests: 1))
        #expect(facts.agents == ["vc", "other"] && facts.foreign == [PeerIndex(2): 1] && facts.badSignatures == 1)
        ledger.turn(to: 7)
        ledger.turn(to: 8)
        facts = ledger.facts
        #expect(facts.counts.isEmpty && facts.agents.isEmpty && facts.foreign.isEmpty && facts.badSignatures == 0)
    }

    @Test("is silent after a whole epoch without a request, and no more with the next one")
    func silence() {
        var ledger = ClientLedger()
        ledger.turn(to: 5)
        // It was not watched from its start.
        ledger.turn(to: 6)
        #expect(!ledger.facts.isSilent && ledger.facts.epochs == 0)
        ledger.turn(to: 7)
        #expect(ledger.facts.isSilent && ledger.facts.epochs == 0)
        ledger.note(Self.record("a"))
        #expect(!ledger.facts.isSilent)
        ledger.turn(to: 8)
        #expect(!ledger.facts.isSilent && ledger.facts.epochs == 1)
    }

    @Test("agents are bounded, cut and printable")
    func agents() {
        var ledger = ClientLedger()
        for number in 0..<100 { ledger.note(Self.record("a", agent: "vc\u{1b}\(number)")) }
        #expect(ledger.facts.agents.count == 8 && ledger.facts.agents.allSatisfy { $0.hasPrefix("vc?") })
    }
}
