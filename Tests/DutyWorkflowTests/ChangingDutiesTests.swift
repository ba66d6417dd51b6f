import Ethereum
import Testing

@testable import DutyWorkflow

/// What the scheduler makes of a beacon node that fails at one question, or tells other duties than before.
@Suite("duties that change")
struct ChangingDutiesTests {
    /// In epoch 0, at its start, with these attesters; the node knows of no other duties.
    private func scheduler(_ rows: [AttesterDuty], at now: Instant = .slot(0)) throws -> Scheduler {
        var scheduler = Scheduler(configuration: try Fixture.configuration())
        _ = scheduler.wake(at: now)
        _ = scheduler.resolved(.zero, rows.map { .attester($0) }, at: now)
        return scheduler
    }

    private func attesters(_ rows: [AttesterDuty]) -> [DutyDefinition] { rows.map { .attester($0) } }

    private func proposer(_ index: Int, slot: UInt64) -> ProposerDuty {
        var row = ProposerDuty()
        row.pubKey = Fixture.pubKey(index)
        row.slot = Slot(slot)
        row.validatorIndex = ValidatorIndex(UInt64(100 + index))
        return row
    }

    private func begun(_ signals: [Signal], _ type: DutyType) -> [Slot: Set<PubKey>] {
        var begun: [Slot: Set<PubKey>] = [:]
        for case .dutyStarted(let duty, let set) in signals where duty.type == type { begun[duty.slot] = Set(set.keys) }
        return begun
    }

    // MARK: One kind alone

    @Test("what is wrong with one kind of duties costs the others nothing, and only that kind is asked for again")
    func oneKindFails() throws {
        var scheduler = Scheduler(configuration: try Fixture.configuration())
        #expect(scheduler.wake(at: .slot(0)).questions == [0: [.attester, .proposer, .sync]])
        scheduler.unavailable(.zero, .proposer, at: .slot(0))
        scheduler.unavailable(.zero, .sync, at: .slot(0))
        _ = scheduler.resolved(.zero, .attester, attesters([Fixture.row(0, slot: 0)]), at: .slot(0))
        #expect(scheduler.wake(at: .slot(0, plus: 4)).questions == [0: [.proposer, .sync]])
        #expect(scheduler.definitions(of: .attester(slot: Slot(0)))?.count == 1)
        #expect(scheduler.definitions(of: Duty(slot: Slot(0), type: .proposer)) == nil, "nobody knows")
        _ = scheduler.resolved(.zero, .proposer, [], at: .slot(0, plus: 5))
        #expect(scheduler.definitions(of: Duty(slot: Slot(0), type: .proposer)) == [:])
        // Rows of another kind than asked for are no rows.
        _ = scheduler.resolved(.zero, .sync, attesters([Fixture.row(1, slot: 9)]), at: .slot(0, plus: 5))
        #expect(scheduler.definitions(of: .attester(slot: Slot(9))) == [:])
    }

    @Test("an epoch that went by is told with the kinds of duties that nobody knew")
    func unknownKinds() throws {
        var scheduler = Scheduler(configuration: try Fixture.configuration())
        _ = scheduler.wake(at: .slot(0))
        for kind in [DutyKind.attester, .sync] { _ = scheduler.resolved(.zero, kind, [], at: .slot(0)) }
        let why = "no beacon node told which proposer duties there are"
        #expect(
            scheduler.wake(at: .slot(32)).effects.reports
                == [.dutiesMissed(from: Slot(0), to: Slot(31), count: nil, why)])
    }

    @Test("an answer that cannot be all is asked for again in each slot of the epoch, and told once")
    func incomplete() throws {
        var scheduler = try scheduler([Fixture.row(0, slot: 5)])
        let told = scheduler.incomplete(.zero, .attester, [Fixture.pubKey(1)], at: .slot(0, plus: 1))
        #expect(told.effects.reports == [.validatorsWithoutDuty(.zero, [Fixture.pubKey(1)])])
        #expect(scheduler.wake(at: .slot(0, plus: 11)).questions.isEmpty)
        #expect(scheduler.wake(at: .slot(1)).questions == [0: [.attester]])
        _ = scheduler.resolved(.zero, .attester, attesters([Fixture.row(0, slot: 5)]), at: .slot(1, plus: 1))
        #expect(scheduler.incomplete(.zero, .attester, [Fixture.pubKey(1)], at: .slot(1, plus: 1)).isEmpty)
        #expect(scheduler.wake(at: .slot(2)).questions == [0: [.attester]])
        let rows = [Fixture.row(0, slot: 5), Fixture.row(1, slot: 7)]
        _ = scheduler.resolved(.zero, .attester, attesters(rows), at: .slot(2, plus: 1))
        #expect(scheduler.definitions(of: .attester(slot: Slot(7))) == Fixture.definitions([rows[1]]))
        for slot: UInt64 in 3..<16 { #expect(scheduler.wake(at: .slot(slot)).questions.isEmpty, "slot \(slot)") }
        // Nobody is known at all: nothing to tell, but to ask.
        #expect(scheduler.incomplete(.zero, .sync, [], at: .slot(16)).isEmpty)
        #expect(scheduler.wake(at: .slot(17)).questions[0] == [.sync])
    }

    // MARK: Other duties than before

    @Test("what has not begun is replaced; what has begun stays, and its validators vote once an epoch")
    func replaced() throws {
        let rows = [Fixture.row(0, slot: 5), Fixture.row(1, slot: 9), Fixture.row(2, slot: 12)]
        var scheduler = try scheduler(rows)
        var signals = scheduler.wake(at: .slot(5, plus: 4))
        let asked = scheduler.changed([.zero], at: .slot(6))
        signals += asked
        #expect(asked.questions == [0: [.attester, .proposer, .sync]])
        // Validator 0 has voted; 1 and 2 change slots.
        let moved = [Fixture.row(0, slot: 20), Fixture.row(1, slot: 12), Fixture.row(2, slot: 9)]
        signals += scheduler.resolved(.zero, attesters(moved), at: .slot(6))
        #expect(scheduler.definitions(of: .attester(slot: Slot(5))) == Fixture.definitions([rows[0]]))
        #expect(scheduler.definitions(of: .attester(slot: Slot(9))) == Fixture.definitions([moved[2]]))
        #expect(scheduler.definitions(of: .attester(slot: Slot(20))) == [:])
        for second in 6 * 12..<32 * 12 { signals += scheduler.wake(at: .at(Double(second))) }
        let expected: [Slot: Set<PubKey>] = [
            Slot(5): [Fixture.pubKey(0)], Slot(9): [Fixture.pubKey(2)], Slot(12): [Fixture.pubKey(1)],
        ]
        #expect(begun(signals, .attester) == expected)
        // Aggregates are of the same votes.
        #expect(begun(signals, .aggregator) == expected)
        #expect(Set(signals.started).count == signals.started.count)
    }

    @Test("a running slot's duty that is news begins at once, and what is past stays past")
    func lateNews() throws {
        var scheduler = try scheduler([])
        _ = scheduler.wake(at: .slot(6))
        _ = scheduler.changed([.zero], at: .slot(6, plus: 1))
        let told = [proposer(0, slot: 5), proposer(1, slot: 6)]
        let signals = scheduler.resolved(.zero, .proposer, told.map { .proposer($0) }, at: .slot(6, plus: 1))
        #expect(signals.started == [Duty(slot: Slot(6), type: .proposer)])
        #expect(scheduler.definitions(of: Duty(slot: Slot(5), type: .proposer)) == [:])
        #expect(signals.effects.reports.isEmpty, "nobody knew of slot 5 in time, so nothing was missed")
    }

    @Test("proofs signed ahead are signed for those who are new in a slot, and for nobody twice")
    func proofsAhead() throws {
        let rows = [Fixture.row(0, slot: 30), Fixture.row(1, slot: 31)]
        var scheduler = Scheduler(configuration: try Fixture.configuration(signs: true))
        _ = scheduler.wake(at: .slot(0))
        // Of the first epoch everything is due at once.
        let first = scheduler.resolved(.zero, attesters(rows), at: .slot(0))
        #expect(
            begun(first, .prepareAggregator)
                == [Slot(30): [Fixture.pubKey(0)], Slot(31): [Fixture.pubKey(1)]])
        _ = scheduler.changed([.zero], at: .slot(2))
        let moved = [Fixture.row(0, slot: 31), Fixture.row(1, slot: 31), Fixture.row(2, slot: 30)]
        let second = scheduler.resolved(.zero, attesters(moved), at: .slot(2))
        #expect(
            begun(second, .prepareAggregator)
                == [Slot(30): [Fixture.pubKey(2)], Slot(31): [Fixture.pubKey(0)]])
    }

    @Test("the chain's news of the past, or of epochs nobody asked about, ask nothing")
    func elsewhere() throws {
        var scheduler = try scheduler([], at: .slot(0))
        _ = scheduler.wake(at: .slot(40))
        _ = scheduler.resolved(Epoch(1), [], at: .slot(40))
        #expect(scheduler.changed([.zero, Epoch(2), Epoch(.max)], at: .slot(40)).questions == [:])
        #expect(scheduler.changed([Epoch(1)], at: .slot(40)).questions.keys.sorted() == [1])
    }

    @Test("a beacon node that sends events without end makes us ask once a slot and epoch, and loses us no duty")
    func endlessEvents() throws {
        let rows = (16..<32).map { Fixture.row($0, slot: UInt64($0)) }
        var scheduler = Scheduler(configuration: try Fixture.configuration(validators: 32))
        _ = scheduler.wake(at: .slot(0))
        _ = scheduler.resolved(.zero, attesters(rows), at: .slot(0))
        _ = scheduler.wake(at: .slot(16))
        _ = scheduler.resolved(Epoch(1), [], at: .slot(16))
        var asked: [UInt64: Int] = [:]
        var signals: [Signal] = []
        for step in 0..<16 * 120 {
            let now = Instant.slot(16, plus: Double(step) / 10)
            let news = scheduler.changed([.zero, Epoch(1)], at: now)
            for epoch in news.questions.keys { asked[epoch, default: 0] += 1 }
            signals += news
            for (epoch, kinds) in news.questions {
                let rows = epoch == 0 ? attesters(rows) : []
                for kind in kinds.sorted() {
                    signals += scheduler.resolved(Epoch(epoch), kind, kind == .attester ? rows : [], at: now)
                }
            }
        }
        #expect(asked == [0: 16, 1: 16])
        #expect(begun(signals, .attester).keys.sorted() == (16..<32).map { Slot(UInt64($0)) })
    }

    @Test("a change that comes while its slot's question is spent is asked about in the next slot")
    func spent() throws {
        var scheduler = try scheduler([])
        #expect(!scheduler.changed([.zero], at: .slot(3)).questions.isEmpty)
        // Also one that comes while the answer is on its way: it may be of the branch that was left.
        #expect(scheduler.changed([.zero], at: .slot(3, plus: 1)).questions.isEmpty)
        #expect(scheduler.resolved(.zero, [], at: .slot(3, plus: 2)).questions.isEmpty)
        #expect(scheduler.nextWake(after: .slot(3, plus: 2)) == .slot(4))
        #expect(scheduler.wake(at: .slot(4)).questions == [0: [.attester, .proposer, .sync]])
    }

    @Test("a due duty waits for the answer: it begins with the new rows, or after a twelfth of a slot with the old")
    func waits() throws {
        let old = Fixture.row(0, slot: 5)
        let due = Instant.slot(5, plus: 4)
        func asked() throws -> Scheduler {
            var scheduler = try scheduler([old])
            _ = scheduler.changed([.zero], at: .slot(5, plus: 3.5))
            #expect(scheduler.wake(at: due).started.isEmpty)
            #expect(scheduler.nextWake(after: due) == .slot(5, plus: 4.5))
            return scheduler
        }
        var answered = try asked()
        let moved = answered.resolved(.zero, attesters([Fixture.row(0, slot: 6)]), at: .slot(5, plus: 4.2))
        #expect(moved.started.isEmpty)
        #expect(answered.wake(at: .slot(6, plus: 4)).started == [.attester(slot: Slot(6))])
        var same = try asked()
        let again = same.resolved(.zero, .attester, attesters([old]), at: .slot(5, plus: 4.2))
        #expect(again.started == [.attester(slot: Slot(5))])
        var silent = try asked()
        #expect(silent.wake(at: .slot(5, plus: 4.4)).started.isEmpty)
        #expect(silent.wake(at: .slot(5, plus: 4.5)).started == [.attester(slot: Slot(5))])
        var failed = try asked()
        failed.unavailable(.zero, .attester, at: .slot(5, plus: 4.1))
        #expect(failed.wake(at: .slot(5, plus: 4.1)).started == [.attester(slot: Slot(5))])
        // A clock set back must not make it wait longer.
        var back = try asked()
        #expect(back.wake(at: .slot(5, plus: 3.4)).started.isEmpty)
        #expect(back.nextWake(after: .slot(5, plus: 3.4)) == due)
    }

    @Test("while the beacon node fails, what it told before holds, and it is asked again with pauses")
    func failsLater() throws {
        var scheduler = try scheduler([Fixture.row(0, slot: 5)])
        _ = scheduler.changed([.zero], at: .slot(3))
        for kind in DutyKind.allCases { scheduler.unavailable(.zero, kind, at: .slot(3, plus: 2)) }
        let next = scheduler.nextWake(after: .slot(3, plus: 2))
        #expect(next > .slot(3, plus: 2) && next < .slot(4))
        #expect(!scheduler.wake(at: .slot(3, plus: 3)).questions.isEmpty)
        #expect(scheduler.wake(at: .slot(5, plus: 4)).started == [.attester(slot: Slot(5))])
    }

    // MARK: Proposers, told early

    @Test("proposers told early are asked for again when their epoch begins, and nothing waits for that")
    func earlyProposers() throws {
        var scheduler = try scheduler([])
        _ = scheduler.wake(at: .slot(16))
        let early = [proposer(0, slot: 32), proposer(1, slot: 34)].map { DutyDefinition.proposer($0) }
        _ = scheduler.resolved(Epoch(1), early + attesters([Fixture.row(0, slot: 32)]), at: .slot(16))
        let start = scheduler.wake(at: .slot(32))
        #expect(start.started == [Duty(slot: Slot(32), type: .proposer)], "the first slot is not lost")
        #expect(start.questions == [1: [.proposer]])
        let told = [proposer(2, slot: 32), proposer(0, slot: 33)].map { DutyDefinition.proposer($0) }
        #expect(scheduler.resolved(Epoch(1), .proposer, told, at: .slot(32, plus: 0.1)).started.isEmpty)
        #expect(scheduler.wake(at: .slot(32, plus: 4)).started == [.attester(slot: Slot(32))])
        let later = scheduler.wake(at: .slot(33)) + scheduler.wake(at: .slot(34))
        #expect(begun(later, .proposer) == [Slot(33): [Fixture.pubKey(0)]])
        #expect(later.questions.isEmpty, "once is enough")
    }

    @Test("proposers told in their own epoch are not asked for again")
    func ownEpoch() throws {
        var scheduler = try scheduler([], at: .slot(3))
        #expect((4..<16).flatMap { scheduler.wake(at: .slot($0)) }.questions.isEmpty)
    }

    // MARK: Clocks

    @Test("a clock that jumps an hour, a day or a year ahead and back loses what it jumped over for a moment only")
    func jump() throws {
        for seconds in [3600.0, 86_400, 31_536_000] {
            let rows = (5..<30).map { Fixture.row($0 % 3, slot: UInt64($0)) }
            var scheduler = try scheduler(rows)
            var signals: [Signal] = []
            for second in 0..<30 * 12 {
                let isAhead = (100..<110).contains(second)
                signals += scheduler.wake(at: .at(Double(second) + (isAhead ? seconds : 0)))
            }
            let votes = begun(signals, .attester).keys.sorted()
            #expect(votes.count >= 24, "\(seconds) s ahead: \(votes)")
            #expect(Set(signals.started).count == signals.started.count)
        }
    }

    @Test("a process that slept over an epoch's end begins the new one's duties at once")
    func slept() throws {
        var scheduler = try scheduler([Fixture.row(0, slot: 30)])
        _ = scheduler.wake(at: .slot(16))
        _ = scheduler.resolved(
            Epoch(1), attesters([Fixture.row(0, slot: 33), Fixture.row(1, slot: 40)]), at: .slot(16))
        let signals = scheduler.wake(at: .slot(40, plus: 5))
        #expect(signals.started == [.attester(slot: Slot(40))])
        guard case .dutiesMissed(let from, let to, let count, _)? = signals.effects.reports.first else {
            Issue.record("the slots lost are told")
            return
        }
        #expect(from == Slot(30) && to == Slot(33) && count == 4)
    }
}
