import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// A leader adds a vote of validator 1, which has no duty in slot 41, while our beacon node has not said whose it is.
@Suite("Invented rows")
struct InventedRowTests {
    private let duty = Duty.attester(slot: Slot(41))
    private let start = Instant.slot(41, plus: 4)
    private let value = Fixture.unsigned([0, 1], slot: 41, Fixture.data(slot: 41))
    private let rows: [DutyDefinition] = [.attester(Fixture.row(0, slot: 41)), .attester(Fixture.row(1, slot: 50))]

    private func workflow(signs: Bool = true) throws -> Workflow {
        Workflow(configuration: try Fixture.configuration(signs: signs)) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
    }

    /// Two peers tell what the cluster decided: enough for a node that has not begun.
    private func decide(_ workflow: inout Workflow) -> [Effect] {
        let hash = value.valueHash()
        func sealed(_ kind: QBFT.Message.Kind, _ source: Int) -> QBFT.Message {
            QBFT.Message(kind, round: 1, source: source, value: hash, signature: [1])
        }
        var effects: [Effect] = []
        for source in 1...2 {
            var message = sealed(.decided, source)
            message.justification = (1...3).map { sealed(.commit, $0) }
            effects += workflow.receive(
                .consensusMessage(ConsensusMessage(duty: duty, message: message, values: [hash: .duties(value)])),
                at: start)
        }
        return effects
    }

    private func signed(_ effects: [Effect]) -> [Duty: Set<EntryKey>] {
        var signed: [Duty: Set<EntryKey>] = [:]
        for case .sign(let duty, let set) in effects { signed[duty, default: []].formUnion(set.keys) }
        return signed
    }

    @Test(
        "are not signed, others are once our beacon node has said whose they are, even slots later",
        arguments: [41, 43, 60] as [UInt64])
    func unconfirmed(slot: UInt64) throws {
        var workflow = try workflow()
        let decided = decide(&workflow)
        #expect(decided.work.contains("persist unsigned"))
        #expect(signed(decided).isEmpty)
        let told = workflow.receive(.dutiesResolved(Epoch(1), .attester, rows), at: .slot(slot, plus: 4))
        #expect(signed(told)[duty] == [Fixture.key(0)])
        #expect((decided + told).records.allSatisfy { $0.name != "watermark" })
        let again = workflow.receive(.dutiesResolved(Epoch(1), .attester, rows), at: .slot(slot, plus: 5))
        #expect(signed(again).isEmpty, "nobody asked")
    }

    @Test("what was decided in an earlier life is signed when it is confirmed", arguments: [41, 43] as [UInt64])
    func restarted(slot: UInt64) throws {
        var journal = JournalSnapshot()
        try journal.apply(.unsigned(duty, value))
        var workflow = try workflow()
        #expect(signed(workflow.restore(journal, at: start)).isEmpty)
        let told = workflow.receive(.dutiesResolved(Epoch(1), .attester, rows), at: .slot(slot, plus: 4))
        #expect(signed(told)[duty] == [Fixture.key(0)])
    }

    @Test("what is known is signed as soon as it is decided")
    func confirmed() throws {
        var workflow = try workflow()
        let both = rows.dropLast() + [DutyDefinition.attester(Fixture.row(1, slot: 41))]
        _ = workflow.receive(.dutiesResolved(Epoch(1), .attester, Array(both)), at: .slot(40))
        _ = workflow.receive(.wake, at: start)
        #expect(signed(decide(&workflow))[duty] == [Fixture.key(0), Fixture.key(1)])
    }

    @Test("a validator client signs what it was served, as before")
    func client() throws {
        var workflow = try workflow(signs: false)
        _ = decide(&workflow)
        let own = try Fixture.partials([0], share: 1, data: Fixture.data(slot: 41))
        let effects = workflow.receive(.localPartials([LocalPartials(duty, own)], Ticket(1)), at: start)
        #expect(effects.answers.map(\.name) == ["submitted"])
    }
}
