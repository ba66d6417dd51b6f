import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// Node 0 of four, which signs by itself, after it saw a vote of its own key that it did not make.
@Suite("halt")
struct HaltTests {
    private let duty = Duty.attester(slot: Slot(41))
    private let start = Instant.slot(41, plus: 4)
    private let value = Fixture.unsigned([0], slot: 41, Fixture.data(slot: 41))

    private func workflow(_ snapshot: JournalSnapshot? = nil) throws -> (Workflow, [Effect]) {
        var workflow = Workflow(configuration: try Fixture.configuration(signs: true)) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
        let effects = snapshot.map { workflow.restore($0, at: start) } ?? []
        return (workflow, effects)
    }

    private func event(_ kind: QBFT.Message.Kind, from source: Int) -> Event {
        let hash = value.valueHash()
        func sealed(_ kind: QBFT.Message.Kind, _ source: Int) -> QBFT.Message {
            QBFT.Message(kind, round: 1, source: source, value: hash, signature: [1])
        }
        var message = sealed(kind, source)
        if kind == .decided { message.justification = (1...3).map { sealed(.commit, $0) } }
        return .consensusMessage(ConsensusMessage(duty: duty, message: message, values: [hash: .duties(value)]))
    }

    /// What a node does that is told of a duty and of what the cluster decided.
    private func attend(_ workflow: inout Workflow) -> [Effect] {
        var effects = workflow.receive(.wake, at: .slot(40))
        let row = DutyDefinition.attester(Fixture.row(0, slot: 41))
        effects += workflow.receive(.dutiesResolved(Epoch(1), .attester, [row]), at: .slot(40))
        effects += workflow.receive(.wake, at: start)
        effects += workflow.receive(.fetched(duty, .attestationData([.zero: Fixture.data(slot: 41)])), at: start)
        return effects + workflow.receive(event(.decided, from: 1), at: start)
    }

    @Test("is durable: a restart neither votes nor signs and says why, until it is lifted")
    func staysOverRestarts() throws {
        var (first, _) = try workflow()
        let seen = first.receive(event(.prepare, from: 0), at: start)
        guard case .persist(.halted(let halt))? = seen.first(where: { if case .persist = $0 { true } else { false } })
        else {
            Issue.record("\(seen.map(\.name))")
            return
        }
        #expect(halt.duty == duty && halt.seen.contains("prepare"))
        #expect(first.receive(event(.commit, from: 0), at: start).records.isEmpty, "once")

        var journal = JournalSnapshot()
        for record in seen.records { try journal.apply(record) }
        // Its duty is over, as after a long stop.
        var (second, restart) = try workflow(journal.live { _ in false })
        #expect(restart.reports == [.stillHalted(halt)])
        let halted = attend(&second)
        #expect(halted.sent.isEmpty && !halted.work.contains("sign"))
        let share = try Fixture.partials([0], share: 1, data: Fixture.data(slot: 41))
        let own = second.receive(.localPartials([LocalPartials(duty, share)], Ticket(1)), at: start)
        guard case .submitted(let verdicts)? = own.answers.first, let why = verdicts.first?.refusals.values.first else {
            Issue.record("\(own.work)")
            return
        }
        #expect(why.contains(halt.seen) && why.contains("lift-halt"))

        try journal.apply(.haltLifted)
        var (third, lifted) = try workflow(journal)
        #expect(lifted.reports.isEmpty)
        let effects = attend(&third)
        #expect(effects.work.contains("sign"))
    }

    @Test("shares that had not left before the halt stay here after it")
    func sharesStay() throws {
        var journal = JournalSnapshot()
        let share = try Fixture.partials([0], share: 1, data: Fixture.data(slot: 41))
        try journal.apply(.partials(duty, share, .internal))
        #expect(try workflow(journal).1.work.contains("share"))
        try journal.apply(.halted(Halt(duty: duty, seen: "something")))
        #expect(try !workflow(journal).1.work.contains("share"))
    }

    @Test("validators that are alive show a twin only where nobody signs without us, of epochs that we know and watch")
    func alive() throws {
        for (threshold, epoch, pubKey, isTwin) in [
            (4, 2, 0, true), (3, 2, 0, false), (4, 2, 77, false), (4, 1, 0, false), (4, 3, 0, false),
        ] {
            var configuration = try Fixture.configuration(signs: true)
            configuration.threshold = threshold
            // Made in epoch 1: it watches epoch 2.
            configuration.knowsFrom = Slot(42)
            configuration.signsFrom = Slot(96)
            var workflow = Workflow(configuration: configuration) { _, message in message }
            let alive = Event.validatorsAlive(Epoch(UInt64(epoch)), [Fixture.pubKey(pubKey)])
            let effects = workflow.receive(alive, at: .slot(100))
            #expect(effects.work == (isTwin ? ["persist halted"] : []), "\(threshold), \(epoch)")
            #expect(workflow.receive(alive, at: .slot(100)).isEmpty, "once")
        }
    }

    @Test("the first of several stays")
    func firstStays() throws {
        var journal = JournalSnapshot()
        let halts = ["one", "two"].map { Halt(duty: duty, seen: $0) }
        for halt in halts { try journal.apply(.halted(halt)) }
        #expect(journal.halt == halts[0])
    }
}
