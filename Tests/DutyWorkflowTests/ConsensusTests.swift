import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

@Suite("Consensus")
struct ConsensusTests {
    /// Round 1 of slot 41 is led by node (41 + 2 + 1) mod 4 = 0, which is us.
    private let duty = Duty.attester(slot: Slot(41))
    /// Led by node 1.
    private let foreign = Duty.attester(slot: Slot(42))
    private var start: Instant { .slot(41, plus: 4) }

    private func consensus() throws -> Consensus {
        Consensus(configuration: try Fixture.configuration()) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
    }

    private func value(_ duty: Duty, block: UInt8 = 1) -> UnsignedDataSet {
        Fixture.unsigned([0, 1], slot: duty.slot.rawValue, Fixture.data(slot: duty.slot.rawValue, block: block))
    }

    private func message(
        _ duty: Duty, _ kind: QBFT.Message.Kind, from source: Int, round: Int64 = 1, block: UInt8 = 1,
        withValue: Bool = true
    ) -> ConsensusMessage {
        let set = value(duty, block: block)
        let hash = kind == .roundChange ? Root.zero : set.valueHash()
        let values = hash == .zero || !withValue ? [:] : [hash: ConsensusValue.duties(set)]
        let message = QBFT.Message(
            kind, round: round, source: source, value: hash, signature: [UInt8(truncatingIfNeeded: source)])
        return ConsensusMessage(duty: duty, message: message, values: values)
    }

    private func decided(_ signals: [Signal]) -> UnsignedDataSet? {
        for case .decided(_, let set) in signals { return set }
        return nil
    }

    @Test("every vote is persisted right before it is sent")
    func voteOrder() throws {
        var consensus = try consensus()
        #expect(consensus.participate(duty, at: start).effectNames.isEmpty)
        var names = consensus.propose(duty, .duties(value(duty)), at: start).effectNames
        #expect(names == ["persist vote prePrepare", "send prePrepare", "persist vote prepare", "send prepare"])
        names = consensus.receive(message(duty, .prepare, from: 1), at: start).effectNames
        #expect(names.isEmpty)
        names = consensus.receive(message(duty, .prepare, from: 2), at: start).effectNames
        #expect(names == ["persist vote commit", "send commit"])
        _ = consensus.receive(message(duty, .commit, from: 1), at: start)
        let last = consensus.receive(message(duty, .commit, from: 2), at: start)
        #expect(decided(last) == value(duty))
        #expect(last.effectNames.isEmpty)
        #expect(consensus.propose(duty, .duties(value(duty, block: 2)), at: start).isEmpty, "harmless after a decision")
    }

    @Test("a value is written once, with the first vote that needs it")
    func valuesOnce() throws {
        var consensus = try consensus()
        let records = consensus.propose(duty, .duties(value(duty)), at: start).effects.records
        let counts = records.map { if case .vote(_, _, let values) = $0 { values.count } else { -1 } }
        #expect(counts == [1, 0])
    }

    @Test("a commit's record carries the prepares it rests on; the message on the wire does not")
    func commitRecord() throws {
        var consensus = try consensus()
        _ = consensus.propose(duty, .duties(value(duty)), at: start)
        _ = consensus.receive(message(duty, .prepare, from: 1), at: start)
        let effects = consensus.receive(message(duty, .prepare, from: 2), at: start).effects
        guard case .vote(_, let record, _)? = effects.records.first else { return }
        #expect(record.justification.count == 3)
        #expect(effects.sent.first?.message.justification.isEmpty == true)
    }

    @Test("f+1 peers start a duty, but not before its time", arguments: [(true, true), (false, false)])
    func join(isTime: Bool, joins: Bool) throws {
        var consensus = try consensus()
        let now = isTime ? Instant.slot(42, plus: 4) : .slot(42, plus: 3.9)
        #expect(consensus.receive(message(foreign, .prePrepare, from: 1), at: now).isEmpty)
        let signals = consensus.receive(message(foreign, .prepare, from: 2), at: now)
        #expect(signals.effects.sent.contains { $0.message.kind == .prepare } == joins)
        guard !joins else { return }
        #expect(consensus.nextWake == .slot(42, plus: 4))
        let later = consensus.wake(at: .slot(42, plus: 4))
        #expect(later.effects.sent.contains { $0.message.kind == .prepare })
    }

    @Test("one peer, however loud, starts nothing; nor do sources that do not exist")
    func lonely() throws {
        var consensus = try consensus()
        let now = Instant.slot(42, plus: 5)
        for round in Int64(1)...20 {
            #expect(consensus.receive(message(foreign, .roundChange, from: 1, round: round), at: now).effects.isEmpty)
        }
        for source in [-1, 4, 77] {
            #expect(consensus.receive(message(foreign, .roundChange, from: source), at: now).isEmpty)
        }
        #expect(consensus.wake(at: now).isEmpty)
    }

    @Test("one source brings 16 values at most into a duty")
    func valueBound() throws {
        var consensus = try consensus()
        _ = consensus.participate(duty, at: start)
        var refused = 0
        for block in UInt8(1)...20 {
            let signals = consensus.receive(message(duty, .commit, from: 2, block: block), at: start)
            refused += signals.tracked.count { $0 == .peerRefused(PeerIndex(2), "too many different values") }
        }
        #expect(refused == 4)
    }

    @Test("a message without the value it names is refused and stops nothing")
    func missingValue() throws {
        var consensus = try consensus()
        let now = Instant.slot(42, plus: 4)
        _ = consensus.participate(foreign, at: now)
        let hollow = message(foreign, .prePrepare, from: 1, withValue: false)
        let signals = consensus.receive(hollow, at: now)
        #expect(signals.effects.isEmpty && signals.tracked.count == 1)
        let full = consensus.receive(message(foreign, .prePrepare, from: 1), at: now)
        #expect(full.effects.sent.map(\.message.kind) == [.prepare])
    }

    @Test(
        "expired, far and exempt duties are not opened",
        arguments: [
            (Duty.attester(slot: Slot(41)), Instant.slot(41, plus: 385)),
            (Duty.attester(slot: Slot(41 + 32 * 3)), Instant.slot(41)),
            (Duty(slot: Slot(41), type: .exit), Instant.slot(41, plus: 4)),
            (Duty(slot: Slot(41), type: .builderRegistration), Instant.slot(41, plus: 4)),
        ])
    func gate(duty: Duty, now: Instant) throws {
        var consensus = try consensus()
        for source in 1...3 {
            #expect(consensus.receive(message(duty, .roundChange, from: source), at: now).effects.isEmpty)
        }
        #expect(consensus.nextWake == nil)
    }

    @Test("aggregators wait for own data")
    func noParticipation() throws {
        var consensus = try consensus()
        for type in [DutyType.aggregator, .syncContribution] {
            #expect(consensus.participate(Duty(slot: Slot(41), type: type), at: start).isEmpty)
        }
        #expect(consensus.nextWake == nil)
    }

    @Test("rounds end at whole seconds after the duty's start, whenever it was joined")
    func rounds() throws {
        var consensus = try consensus()
        _ = consensus.participate(foreign, at: .slot(42, plus: 4.7))
        #expect(consensus.nextWake == .slot(42, plus: 5))
        let signals = consensus.wake(at: .slot(42, plus: 5))
        #expect(signals.effectNames == ["persist vote roundChange", "send roundChange"])
        #expect(consensus.nextWake == .slot(42, plus: 6))
    }

    @Test("restored from its votes it says the same again and nothing else")
    func restore() throws {
        var before = try consensus()
        var records = before.propose(duty, .duties(value(duty)), at: start).effects.records
        _ = before.receive(message(duty, .prepare, from: 1), at: start)
        records += before.receive(message(duty, .prepare, from: 2), at: start).effects.records
        for count in 0...records.count {
            var votes: [QBFT.Message] = []
            var values: [Root: ConsensusValue] = [:]
            for case .vote(_, let message, let fresh) in records.prefix(count) {
                votes.append(message)
                values.merge(fresh) { first, _ in first }
            }
            var after = try consensus()
            let again = after.restore(duty, votes: votes, values: values, at: start)
            #expect(again.effects.sent.map(\.message.kind).starts(with: votes.map(\.kind)), "after \(count) records")
            // What follows from them comes after them, and for the same value.
            #expect(again.effects.sent.allSatisfy { $0.message.value == value(duty).valueHash() })
            let written = again.effects.records.compactMap { if case .vote(_, let vote, _) = $0 { vote } else { nil } }
            #expect(written.allSatisfy { new in !votes.contains { $0.kind == new.kind } }, "nothing is written twice")
            // Other data now: it may propose them only if it had proposed nothing.
            let proposal = after.propose(duty, .duties(value(duty, block: 9)), at: start)
            #expect(proposal.effects.sent.contains { $0.message.kind == .prePrepare } == (count == 0))
        }
    }

    @Test("a journal that contradicts itself closes the duty")
    func badJournal() throws {
        var consensus = try consensus()
        let votes = [message(duty, .prepare, from: 0).message, message(duty, .prepare, from: 0, block: 2).message]
        let signals = consensus.restore(duty, votes: votes, values: [:], at: start)
        #expect(signals.effects.isEmpty && signals.tracked.count == 1)
        #expect(consensus.participate(duty, at: start).isEmpty)
    }

    @Test("a duty decided in an earlier life is never opened again")
    func decidedEarlier() throws {
        var consensus = try consensus()
        consensus.restoreDecided(duty)
        #expect(consensus.participate(duty, at: start).isEmpty)
        #expect(consensus.propose(duty, .duties(value(duty)), at: start).isEmpty)
        for source in 1...3 { #expect(consensus.receive(message(duty, .prePrepare, from: source), at: start).isEmpty) }
        #expect(consensus.nextWake == nil)
    }

    @Test("whoever asks after the decision gets it, alone and once a round")
    func answersLaggards() throws {
        var consensus = try consensus()
        _ = consensus.propose(duty, .duties(value(duty)), at: start)
        for kind in [QBFT.Message.Kind.prepare, .commit] {
            for source in 1...2 { _ = consensus.receive(message(duty, kind, from: source), at: start) }
        }
        let question = message(duty, .roundChange, from: 3, round: 2)
        let effects = consensus.receive(question, at: start + .seconds(3)).effects
        #expect(effects.map(\.name) == ["send decided to 3"])
        guard case .sendConsensusTo(_, let answer)? = effects.first else { return }
        #expect(answer.values.values.first == .duties(value(duty)))
        #expect(consensus.receive(question, at: start + .seconds(3)).isEmpty)
        #expect(consensus.expire(duty) == [], "it had decided")
    }

    @Test("a node that is alone in a later round says so at the end, once, whatever the outcome")
    func alone() throws {
        func lacked(_ signals: [Signal]) -> [TrackedStep] {
            signals.tracked.filter { if case .roundChangesLacked = $0 { true } else { false } }
        }
        // The others decided in the first round, and tell.
        var consensus = try consensus()
        _ = consensus.participate(foreign, at: .slot(42, plus: 4))
        #expect(lacked(consensus.wake(at: .slot(42, plus: 5.1))).isEmpty)
        #expect(lacked(consensus.wake(at: .slot(42, plus: 6.1))).isEmpty)
        let commits = (1...3).map { message(foreign, .commit, from: $0).message }
        var decided = message(foreign, .decided, from: 1)
        decided = ConsensusMessage(
            duty: foreign,
            message: QBFT.Message(
                .decided, round: 1, source: 1, value: decided.message.value,
                justification: commits), values: decided.values)
        let signals = consensus.receive(decided, at: .slot(42, plus: 6.2))
        #expect(lacked(signals) == [.roundChangesLacked(isDecided: true)])
        #expect(consensus.expire(foreign) == [])

        // Nobody ever tells.
        consensus = try self.consensus()
        _ = consensus.participate(foreign, at: .slot(42, plus: 4))
        #expect(lacked(consensus.wake(at: .slot(42, plus: 5.1))).isEmpty)
        #expect(consensus.expire(foreign) == [.consensusTimedOut, .roundChangesLacked(isDecided: false)])
    }

    @Test("rounds that most are in lack nothing, nor does the first")
    func together() throws {
        var consensus = try consensus()
        _ = consensus.participate(foreign, at: .slot(42, plus: 4))
        #expect(consensus.expire(foreign) == [.consensusTimedOut])

        consensus = try self.consensus()
        _ = consensus.participate(foreign, at: .slot(42, plus: 4))
        _ = consensus.wake(at: .slot(42, plus: 5.1))
        for source in 1...2 {
            let change = message(foreign, .roundChange, from: source, round: 2)
            _ = consensus.receive(change, at: .slot(42, plus: 5.2))
        }
        #expect(consensus.expire(foreign) == [.consensusTimedOut])
    }

    @Test("a node that joins late votes in the running round, and in none of those before")
    func late() throws {
        var consensus = try consensus()
        _ = consensus.participate(foreign, at: .slot(42, plus: 104.5))
        let signals = consensus.wake(at: .slot(42, plus: 104.5))
        #expect(signals.effects.sent.map(\.message.kind) == [.roundChange])
        #expect(signals.effects.sent.map(\.message.round) == [101])
        #expect(consensus.nextWake == .slot(42, plus: 105))
    }

    @Test("… but decides by what waited for it")
    func lateButComplete() throws {
        var consensus = try consensus()
        let now = Instant.slot(42, plus: 104.5)
        var signals: [Signal] = []
        for (kind, sources) in [(QBFT.Message.Kind.prePrepare, [1]), (.prepare, [1, 2, 3]), (.commit, [1, 2, 3])] {
            for source in sources { signals += consensus.receive(message(foreign, kind, from: source), at: now) }
        }
        #expect(decided(signals) == value(foreign))
    }
}
