import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

@Suite("DutyDB")
struct DutyDBTests {
    private let slot: UInt64 = 10 * 32
    private var duty: Duty { .attester(slot: Slot(slot)) }

    private func db(_ fork: ForkName = .fulu) throws -> DutyDB {
        DutyDB(configuration: try Fixture.configuration(fork: fork))
    }

    private func stored(_ signals: [Signal]) -> Set<PubKey> {
        for case .stored(_, let set) in signals { return Set(set.keys) }
        return []
    }

    @Test("the value is recorded before it is signed or served; it bars nothing")
    func order() throws {
        var db = try db()
        _ = db.query(Ticket(1), .attestation(Slot(slot), CommitteeIndex(1)))
        let signals = db.store(duty, Fixture.unsigned([0, 1], slot: slot, Fixture.data(slot: slot)))
        #expect(signals.effectNames == ["persist unsigned", "answer data"])
        let storedAt = try #require(signals.firstIndex { if case .stored = $0 { true } else { false } })
        let persistedAt = try #require(signals.lastIndex { $0.effect?.name.hasPrefix("persist") == true })
        #expect(persistedAt < storedAt)
    }

    @Test("the first value stays, and the second holds up no other validator")
    func firstStays() throws {
        var db = try db()
        let first = Fixture.data(slot: slot, block: 1)
        _ = db.store(duty, Fixture.unsigned([0], slot: slot, first))
        let signals = db.store(duty, Fixture.unsigned([0, 1], slot: slot, Fixture.data(slot: slot, block: 2)))
        #expect(stored(signals) == [Fixture.pubKey(1)])
        #expect(signals.tracked == [.conflicted(Fixture.pubKey(0), "another value was decided before")])
        let answer = db.query(Ticket(1), .attestation(Slot(slot), .zero)).effects.dataAnswers
        #expect(answer == [first])
    }

    @Test("the same value again is silent")
    func again() throws {
        var db = try db()
        let set = Fixture.unsigned([0, 1], slot: slot, Fixture.data(slot: slot))
        _ = db.store(duty, set)
        #expect(db.store(duty, set).isEmpty)
    }

    struct Vote: Sendable, CustomStringConvertible {
        let source: UInt64
        let target: UInt64
        let slotInEpoch: UInt64
        let isSafe: Bool
        var description: String { "\(source)→\(target) in slot \(slotInEpoch)" }
    }

    /// After a vote 9→10 in the first slot of epoch 10. Source: EIP-3076, "Conditions", minimal form.
    @Test(
        "double and surround votes are refused, for that validator alone",
        arguments: [
            Vote(source: 9, target: 10, slotInEpoch: 1, isSafe: false),
            Vote(source: 8, target: 9, slotInEpoch: 0, isSafe: false),
            Vote(source: 8, target: 11, slotInEpoch: 0, isSafe: false),
            Vote(source: 0, target: 12, slotInEpoch: 0, isSafe: false),
            Vote(source: 9, target: 11, slotInEpoch: 0, isSafe: true),
            Vote(source: 10, target: 11, slotInEpoch: 5, isSafe: true),
            Vote(source: 11, target: 12, slotInEpoch: 0, isSafe: true),
        ])
    func slashing(vote: Vote) throws {
        var db = try db()
        _ = db.store(duty, Fixture.unsigned([0], slot: slot, Fixture.data(slot: slot, source: 9)))
        _ = db.raise(
            Fixture.pubKey(0), try Fixture.partial(0, share: 1, data: Fixture.data(slot: slot, source: 9)).data)
        let next = vote.target * 32 + vote.slotInEpoch
        let data = Fixture.data(slot: next, source: vote.source)
        let signals = db.store(.attester(slot: Slot(next)), Fixture.unsigned([0, 1], slot: next, data))
        #expect(stored(signals) == (vote.isSafe ? [Fixture.pubKey(0), Fixture.pubKey(1)] : [Fixture.pubKey(1)]))
    }

    @Test("after a restart, with nothing but the watermark, the same vote passes and another does not")
    func watermarkAlone() throws {
        let data = Fixture.data(slot: slot, source: 9)
        var snapshot = JournalSnapshot()
        snapshot.watermarks[Fixture.pubKey(0)] = AttestationWatermark(
            source: Epoch(9), target: Epoch(10), dataRoot: data.hashTreeRoot())
        for (block, isSafe) in [(UInt8(1), true), (2, false)] {
            var db = try db()
            db.restore(snapshot)
            let signals = db.store(
                duty, Fixture.unsigned([0], slot: slot, Fixture.data(slot: slot, source: 9, block: block)))
            #expect(stored(signals).isEmpty != isSafe)
        }
    }

    @Test("a watermark imported without its root refuses every vote for its target")
    func importedWatermark() throws {
        var snapshot = JournalSnapshot()
        snapshot.watermarks[Fixture.pubKey(0)] = AttestationWatermark(
            source: Epoch(9), target: Epoch(10), dataRoot: .zero)
        var db = try db()
        db.restore(snapshot)
        #expect(stored(db.store(duty, Fixture.unsigned([0], slot: slot, Fixture.data(slot: slot)))).isEmpty)
    }

    @Test("what was signed elsewhere counts as if it were ours, and nothing falls")
    func signedElsewhere() throws {
        let (known, strange) = (Fixture.pubKey(0), Fixture.pubKey(77))
        func mark(_ source: UInt64, _ target: UInt64) -> AttestationWatermark {
            AttestationWatermark(source: Epoch(source), target: Epoch(target), dataRoot: .zero)
        }
        func block(_ slot: UInt64) -> ProposalWatermark { ProposalWatermark(slot: Slot(slot), root: .zero) }
        var db = try db()
        let told = SlashingHistory(
            attestations: [known: mark(9, 10), strange: mark(1, 2)], proposals: [known: block(300)])
        #expect(db.heed(told) == [.attestationWatermark(known, mark(9, 10)), .proposalWatermark(known, block(300))])
        #expect(db.heed(told).isEmpty, "once is enough")
        #expect(db.heed(SlashingHistory(attestations: [known: mark(3, 4)], proposals: [known: block(5)])).isEmpty)
        #expect(
            db.heed(SlashingHistory(attestations: [known: mark(3, 11)]))
                == [.attestationWatermark(known, mark(9, 11))])
        #expect(
            db.history(of: [known, strange])
                == SlashingHistory(attestations: [known: mark(9, 11)], proposals: [known: block(300)]))
        #expect(db.history(of: [Fixture.pubKey(1)]).isEmpty)
        #expect(stored(db.store(duty, Fixture.unsigned([0], slot: slot, Fixture.data(slot: slot)))).isEmpty)
    }

    @Test("a signature of ours on disk whose watermark was lost still protects")
    func tornWatermark() throws {
        var snapshot = JournalSnapshot()
        let signed = try Fixture.partial(0, share: 1, data: Fixture.data(slot: slot, source: 9))
        snapshot.add(.init(duty: duty, key: Fixture.key(0), partial: signed, status: .internal))
        var db = try db()
        db.restore(snapshot)
        let moved = Duty.attester(slot: Slot(slot + 1))
        let second = Fixture.unsigned([0], slot: slot + 1, Fixture.data(slot: slot + 1, source: 9))
        #expect(stored(db.store(moved, second)).isEmpty, "the epoch's vote is given")
    }

    @Test("a leader cannot bar a validator's vote by having another one decided: what is not signed bars nothing")
    func decidedIsNotSigned() throws {
        var db = try db()
        _ = db.store(duty, Fixture.unsigned([0, 1], slot: slot, Fixture.data(slot: slot)))
        let real = Duty.attester(slot: Slot(slot + 5))
        let signals = db.store(real, Fixture.unsigned([1], slot: slot + 5, Fixture.data(slot: slot + 5)))
        #expect(stored(signals) == [Fixture.pubKey(1)])
        // Only one of the two is ever signed.
        let first = try Fixture.partial(1, share: 1, data: Fixture.data(slot: slot + 5))
        #expect(db.refusalOfLocal(real, Fixture.key(1), first) == nil)
        #expect(db.raise(Fixture.pubKey(1), first.data) != nil)
        #expect(db.raise(Fixture.pubKey(1), first.data) == nil, "no news")
        let second = try Fixture.partial(1, share: 1, data: Fixture.data(slot: slot))
        #expect(db.refusalOfLocal(duty, Fixture.key(1), second)?.contains("slashing protection") == true)
    }

    @Test("a row that contradicts our beacon node's is not signed for, and holds up no other")
    func contradictedRow() throws {
        var db = try db()
        let data = Fixture.data(slot: slot)
        let known = Fixture.definitions([Fixture.row(0, slot: slot), Fixture.row(2, slot: slot, committee: 9)])
        let signals = db.store(duty, Fixture.unsigned([0, 1, 2], slot: slot, data), definitions: known)
        #expect(stored(signals) == [Fixture.pubKey(0)])
        #expect(signals.tracked.count == 2)
    }

    @Test("a source ahead of what our beacon node calls justified is an objection; a lower one is not")
    func sources() throws {
        var db = try db()
        func judge(_ source: UInt64, _ slot: UInt64) -> DutyDB.Verdict {
            let set = Fixture.unsigned([0], slot: slot, Fixture.data(slot: slot, source: source))
            return db.judge(set, of: .attester(slot: Slot(slot)), round: 1, definitions: nil)
        }
        #expect(judge(9, slot) == .good, "nothing is known")
        db.learn(.attester(slot: Slot(slot)), Fixture.unsigned([0], slot: slot, Fixture.data(slot: slot, source: 7)))
        #expect(judge(7, slot + 1) == .good && judge(6, slot + 1) == .good)
        guard case .bad = judge(9, slot + 1) else {
            Issue.record("a source ahead passes")
            return
        }
        #expect(judge(9, slot + 32) == .open, "the next epoch may have justified more")
        db.learn(
            .attester(slot: Slot(slot + 32)),
            Fixture.unsigned([0], slot: slot + 32, Fixture.data(slot: slot + 32, source: 9)))
        #expect(judge(9, slot + 33) == .good)
    }

    @Test("who leaves out or changes a validator's duty is refused while each leader has its first turn")
    func completeProposals() throws {
        let db = try db()
        let known = Fixture.definitions([Fixture.row(0, slot: slot), Fixture.row(1, slot: slot)])
        let data = Fixture.data(slot: slot)
        func judge(_ set: UnsignedDataSet, _ round: Int64) -> DutyDB.Verdict {
            db.judge(set, of: duty, round: round, definitions: known)
        }
        let whole = Fixture.unsigned([0, 1, 2], slot: slot, data)
        #expect(judge(whole, 1) == .good, "one validator more is no harm")
        var changed = whole
        changed[Fixture.pubKey(1)] = .attester(data, Fixture.row(1, slot: slot, committee: 9))
        for set in [Fixture.unsigned([0], slot: slot, data), changed] {
            for round in Int64(1)...4 {
                guard case .bad = judge(set, round) else {
                    Issue.record("passes in round \(round)")
                    return
                }
            }
            #expect(judge(set, 5) == .good)
        }
    }

    @Test("a restart serves the same value, and an expired duty keeps its watermark")
    func restartAndExpiry() throws {
        var snapshot = JournalSnapshot()
        let own = try Fixture.partial(0, share: 1, data: Fixture.data(slot: slot, block: 7))
        snapshot.add(.init(duty: duty, key: Fixture.key(0), partial: own, status: .broadcasted))
        let data = Fixture.data(slot: slot, block: 7)
        snapshot.unsigned[duty] = Fixture.unsigned([0], slot: slot, data)
        var db = try db()
        db.restore(snapshot)
        #expect(db.query(Ticket(1), .attestation(Slot(slot), .zero)).effects.dataAnswers == [(data)])
        _ = db.expire(duty)
        #expect(stored(db.store(duty, Fixture.unsigned([0], slot: slot, Fixture.data(slot: slot, block: 8)))).isEmpty)
    }

    @Test(
        "what no validator of ours should sign is refused",
        arguments: [
            (Fixture.data(slot: 321), 0), (Fixture.data(slot: 320, target: 11), 0),
            (Fixture.data(slot: 320, source: 11), 0), (Fixture.data(slot: 320, source: 10), 0),
            (Fixture.data(slot: 320), 9), (Fixture.data(slot: 320, index: 1), 1),
        ])
    func refuses(data: AttestationData, validator: Int) throws {
        var db = try db()
        let signals = db.store(duty, Fixture.unsigned([validator], slot: slot, data))
        #expect(stored(signals).isEmpty && signals.effects.isEmpty && signals.tracked.count == 1)
    }

    @Test(
        "data name the row's committee before Electra, and committee 0 from then on",
        arguments: [(ForkName.deneb, UInt64(1)), (.electra, 0), (.fulu, 0)])
    func committeeNamed(fork: ForkName, index: UInt64) throws {
        let db = try db(fork)
        for named in UInt64(0)...2 {
            let set = Fixture.unsigned([1], slot: slot, Fixture.data(slot: slot, index: named))
            let verdict = db.judge(set, of: duty, round: 1, definitions: nil)
            #expect((verdict == .good) == (named == index), "\(verdict)")
        }
    }

    @Test("a row of another slot or validator is refused")
    func foreignRow() throws {
        var db = try db()
        let data = Fixture.data(slot: slot)
        let set: UnsignedDataSet = [
            Fixture.pubKey(0): .attester(data, Fixture.row(0, slot: slot + 1)),
            Fixture.pubKey(1): .attester(data, Fixture.row(2, slot: slot)),
            Fixture.pubKey(2): .attester(data, Fixture.row(2, slot: slot)),
        ]
        #expect(stored(db.store(duty, set)) == [Fixture.pubKey(2)])
    }

    @Test("waiting callers are answered in order, cancelled ones not")
    func waiting() throws {
        var db = try db()
        for ticket in UInt64(1)...4 {
            let committee = ticket == 4 ? CommitteeIndex(3) : CommitteeIndex(ticket % 2)
            #expect(db.query(Ticket(ticket), .attestation(Slot(slot), committee)).isEmpty)
        }
        _ = db.query(Ticket(9), .attestation(Slot(slot + 1), .zero))
        db.cancel(Ticket(2))
        let signals = db.store(duty, Fixture.unsigned([0, 1], slot: slot, Fixture.data(slot: slot)))
        var answers: [UInt64: String] = [:]
        for case .answer(let ticket, let answer) in signals.effects { answers[ticket.rawValue] = answer.name }
        #expect(answers == [1: "data", 3: "data", 4: "absent"], "not the cancelled one, nor another slot")
        let late = db.query(Ticket(5), .attestation(Slot(slot), CommitteeIndex(3)))
        #expect(late.effectNames == ["answer absent"], "a duty is decided once")
        let left = db.expire(.attester(slot: Slot(slot + 1)))
        #expect(left.effectNames == ["answer refused"], "who still waits at the end learns it")
        #expect(db.expire(.attester(slot: Slot(slot + 1))).isEmpty)
    }

    @Test("waiting callers are bounded")
    func waitingIsBounded() throws {
        var db = try db()
        for ticket in UInt64(0)..<16384 { _ = db.query(Ticket(ticket), .attestation(Slot(slot), .zero)) }
        #expect(db.query(Ticket(99999), .attestation(Slot(slot), .zero)).effectNames == ["answer refused"])
    }

    @Test("committee 0 is itself first, and any other only for want of it")
    func committeeZero() throws {
        var db = try db(.deneb)
        // Validator 0, whose key sorts first, is in committee 5; validator 1 in committee 0.
        let five = Fixture.data(slot: slot, index: 5)
        let zero = Fixture.data(slot: slot, index: 0)
        func ask(_ committee: UInt64) -> [AttestationData] {
            db.query(Ticket(1), .attestation(Slot(slot), CommitteeIndex(committee))).effects.dataAnswers
        }
        _ = db.store(duty, [Fixture.pubKey(0): .attester(five, Fixture.row(0, slot: slot, committee: 5))])
        #expect(ask(0) == [five])
        _ = db.store(duty, [Fixture.pubKey(1): .attester(zero, Fixture.row(1, slot: slot, committee: 0))])
        #expect(ask(0) == [zero])
        #expect(ask(5) == [five])
    }

    @Test("two aggregates over one root in one slot are told apart by their committees")
    func aggregatesByCommittee() throws {
        var db = try db()
        let data = Fixture.data(slot: slot)
        func aggregate(_ committee: Int) throws -> VersionedAttestation {
            let attestation = AttestationElectra(
                aggregationBits: Bitlist(count: 64, setting: [committee, 9]), data: data, signature: .zero,
                committeeBits: Bitvector(count: 64, setting: [committee]))
            return try VersionedAttestation(fork: .fulu, form: .electra(attestation))
        }
        let (one, two) = (try aggregate(1), try aggregate(2))
        let duty = Duty(slot: Slot(slot), type: .aggregator)
        func ask(_ committee: UInt64) -> [Answer] {
            let selector = ValueSelector.aggregate(
                Slot(slot), dataRoot: data.hashTreeRoot(), CommitteeIndex(committee))
            return db.query(Ticket(committee), selector).effects.answers
        }
        #expect(ask(2).isEmpty, "nothing is decided yet")
        let stored = db.store(duty, [Fixture.pubKey(0): .aggregate(one), Fixture.pubKey(1): .aggregate(two)])
        #expect(stored.effects.answers == [.decided(duty, .aggregate(two))])
        #expect(ask(1) == [.decided(duty, .aggregate(one))] && ask(2) == [.decided(duty, .aggregate(two))])
        #expect(ask(3).map(\.name) == ["absent"])
    }

    @Test("validators are found by committee and index, also under committee 0")
    func pubKeys() throws {
        var db = try db()
        _ = db.store(duty, Fixture.unsigned([0, 1, 2], slot: slot, Fixture.data(slot: slot)))
        func find(_ committee: UInt64, _ index: UInt64) -> PubKey? {
            db.attester(
                at: AttesterPosition(
                    slot: Slot(slot), committee: CommitteeIndex(committee), validator: ValidatorIndex(index)))
        }
        #expect(find(2, 102) == Fixture.pubKey(2))
        #expect(find(0, 102) == Fixture.pubKey(2))
        #expect(find(1, 102) == nil)
        #expect(find(2, 999) == nil)
    }

    @Test("own signatures pass over exactly what was decided")
    func admitLocal() throws {
        var db = try db()
        let data = Fixture.data(slot: slot)
        let good = try Fixture.partial(0, share: 1, data: data)
        #expect(db.refusalOfLocal(duty, Fixture.key(0), good) != nil, "nothing is decided yet")
        _ = db.store(duty, Fixture.unsigned([0], slot: slot, data))
        #expect(db.refusalOfLocal(duty, Fixture.key(0), good) == nil)
        let otherBlock = try Fixture.partial(0, share: 1, data: Fixture.data(slot: slot, block: 2))
        #expect(db.refusalOfLocal(duty, Fixture.key(0), otherBlock) != nil)
        let otherValidator = try Fixture.partial(0, share: 1, data: data, validatorIndex: 7)
        #expect(db.refusalOfLocal(duty, Fixture.key(0), otherValidator) != nil)
        #expect(db.refusalOfLocal(duty, Fixture.key(1), good) != nil)
        #expect(db.refusalOfLocal(.attester(slot: Slot(slot + 1)), Fixture.key(0), good) != nil)
    }
}

extension DutyDB {
    /// While nothing is known of the duty.
    fileprivate mutating func store(_ duty: Duty, _ set: UnsignedDataSet) -> [Signal] {
        store(duty, set, definitions: nil)
    }
}
