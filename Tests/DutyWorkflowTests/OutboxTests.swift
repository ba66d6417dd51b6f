import Ethereum
import QBFT
import Testing

@testable import DutyWorkflow

@Suite("Outbox")
struct OutboxTests {
    private let a = Duty.attester(slot: Slot(40))
    private let b = Duty.attester(slot: Slot(41))

    private func vote(_ duty: Duty, _ kind: QBFT.Message.Kind = .prepare) -> [Effect] {
        let message = QBFT.Message(kind, round: 1, source: 0, value: Fixture.root(1), signature: [1])
        return [
            .persist(.vote(duty, message, values: [:])),
            .sendConsensus(ConsensusMessage(duty: duty, message: message, values: [:])),
        ]
    }

    private struct Commit {
        let id: Outbox.CommitID
        let records: [Record]
    }

    private func begin(_ outbox: inout Outbox, all: Bool = false) -> Commit? {
        outbox.nextCommit(all: all).map { Commit(id: $0.id, records: $0.records) }
    }

    private func served(_ duty: Duty, _ ticket: UInt64 = 1) -> Effect {
        let value = UnsignedData.attester(
            Fixture.data(slot: duty.slot.rawValue), Fixture.row(0, slot: duty.slot.rawValue))
        return .answer(Ticket(ticket), .decided(duty, value))
    }

    @Test("a vote waits for its own record, and goes with the commit that holds it")
    func votes() throws {
        var outbox = Outbox()
        #expect(outbox.add(vote(a)).isEmpty)
        let first = try #require(begin(&outbox))
        #expect(first.records.map(\.name) == ["vote prepare"])
        // Made while the first is being written: one commit at a time.
        #expect(outbox.add(vote(b) + vote(a, .commit)).isEmpty)
        #expect(begin(&outbox)?.id == nil)
        #expect(outbox.durable(first.id).map(\.name) == ["send prepare"])
        let second = try #require(begin(&outbox))
        #expect(second.records.map(\.name) == ["vote prepare", "vote commit"])
        #expect(outbox.durable(second.id).map(\.name) == ["send prepare", "send commit"])
        #expect(begin(&outbox)?.id == nil)
    }

    @Test("the word that a history is recorded, or complete, and group signatures wait for all records so far")
    func history() throws {
        let record = Record.attestationWatermark(
            Fixture.pubKey(0), AttestationWatermark(source: Epoch(1), target: Epoch(2), dataRoot: .zero))
        let words: [Effect] = [
            .answer(Ticket(1), .recorded), .answer(Ticket(2), .slashingHistory(SlashingHistory())),
            .answer(Ticket(3), .signed(.randao(SignedEpoch(epoch: 1, signature: .zero)))),
        ]
        var outbox = Outbox()
        #expect(outbox.add(words).count == 3, "there is nothing to wait for")
        #expect(outbox.add([.persist(record)] + words).isEmpty)
        let first = try #require(begin(&outbox))
        #expect(first.records == [record])
        #expect(outbox.add(words).isEmpty, "the record is being written")
        #expect(outbox.add([.persist(record)] + words).isEmpty)
        #expect(outbox.durable(first.id).count == 6)
        let second = try #require(begin(&outbox))
        #expect(outbox.durable(second.id).count == 3)
        #expect(outbox.add([.note(record)] + words).count == 3, "a note only saves work")
    }

    @Test("what commits nobody waits for nothing, and one duty's commit holds up no other duty")
    func free() throws {
        var outbox = Outbox()
        let free: [Effect] = [
            .resolveDuties(.zero, [.attester]), .fetch(a, .attestationData([.zero])), .sign(a, [:]), .recover(a, [:]),
            .decodeAhead([]), .verify(Fixture.share(2), a, [:]), .answer(Ticket(2), .refused("")), served(b),
            .shareWithPeers(b, [:]), .broadcast(b, [:]),
        ]
        let effects = outbox.add(vote(a) + free + [served(a), .shareWithPeers(a, [:]), .broadcast(a, [:])])
        #expect(effects.map(\.name) == free.map(\.name))
        let commit = try #require(begin(&outbox))
        #expect(outbox.durable(commit.id).map(\.name) == ["send prepare", "answer data", "share", "broadcast"])
        #expect(outbox.add([served(a)]).count == 1, "nothing is pending any more")
    }

    @Test("the word that shares are safe waits for all their duties; DECIDED for the COMMIT it may show")
    func submitted() throws {
        var outbox = Outbox()
        #expect(outbox.add(vote(a)).isEmpty)
        let first = try #require(begin(&outbox))
        _ = outbox.add(vote(b))
        #expect(outbox.add([.answer(Ticket(1), .submitted([LocalVerdict(a), LocalVerdict(b)]))]).isEmpty)
        #expect(outbox.durable(first.id).map(\.name) == ["send prepare"])
        let second = try #require(begin(&outbox))
        #expect(outbox.durable(second.id).map(\.name) == ["send prepare", "answer submitted"])
        _ = outbox.add(vote(a))
        let decided = QBFT.Message(.decided, round: 1, source: 0, value: Fixture.root(1), signature: [1])
        let answer = ConsensusMessage(duty: a, message: decided, values: [:])
        #expect(outbox.add([.sendConsensusTo(PeerIndex(1), answer)]).isEmpty)
    }

    @Test("notes wait for company: a record that is urgent, many of their kind, or the end")
    func notes() throws {
        var outbox = Outbox()
        _ = outbox.add([.note(.expired(a))])
        #expect(begin(&outbox)?.id == nil)
        _ = outbox.add(vote(b))
        let commit = try #require(begin(&outbox))
        #expect(commit.records.map(\.name) == ["expired", "vote prepare"])
        var many = Outbox()
        _ = many.add((0..<256).map { .note(.expired(.attester(slot: Slot($0)))) })
        #expect(begin(&many)?.records.count == 256)
        var last = Outbox()
        _ = last.add([.note(.expired(a))])
        #expect(begin(&last, all: true)?.records.count == 1)
    }
}
