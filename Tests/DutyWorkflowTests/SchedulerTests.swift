import Ethereum
import Testing

@testable import DutyWorkflow

@Suite("Scheduler")
struct SchedulerTests {
    private func definitions(_ rows: [AttesterDuty]) -> [DutyDefinition] { rows.map { .attester($0) } }

    private func scheduler() throws -> Scheduler { Scheduler(configuration: try Fixture.configuration()) }

    @Test("asks for the epoch it wakes in, once")
    func resolvesAtFirstSight() throws {
        var scheduler = try scheduler()
        #expect(scheduler.nextWake(after: .at(-5)) == Fixture.genesis)
        #expect(scheduler.wake(at: .at(-5)).isEmpty)
        #expect(scheduler.wake(at: .slot(70)).resolved == [2])
        #expect(scheduler.wake(at: .slot(71)).resolved.isEmpty, "the answer is still out")
    }

    @Test("asks for the next epoch from the middle of this one on, whatever duties there are")
    func resolvesAhead() throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(0))
        _ = scheduler.resolved(.zero, definitions([]), at: .slot(0))
        #expect(scheduler.wake(at: .slot(15)).resolved.isEmpty)
        #expect(scheduler.wake(at: .slot(16)).resolved == [1])
        _ = scheduler.resolved(Epoch(1), definitions([]), at: .slot(16))
        #expect(scheduler.wake(at: .slot(31)).resolved.isEmpty)
    }

    @Test("asks again with growing pauses, never longer than a slot")
    func backsOff() throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(0))
        for kind in [DutyKind.proposer, .sync] { _ = scheduler.resolved(.zero, kind, [], at: .slot(0)) }
        var now = Instant.slot(0)
        var pauses: [Duration] = []
        for _ in 0..<14 {
            scheduler.unavailable(.zero, .attester, at: now)
            let next = scheduler.nextWake(after: now)
            #expect(next > now)
            var asked = scheduler.wake(at: next).resolved
            // A slot boundary may come first.
            if asked.isEmpty { asked = scheduler.wake(at: scheduler.nextWake(after: next)).resolved }
            #expect(asked == [0])
            pauses.append(next - now)
            now = next
        }
        #expect(pauses[0] < .milliseconds(300))
        #expect(pauses[3] > pauses[0] * 2)
        #expect(pauses.allSatisfy { $0 <= .seconds(12) })
    }

    @Test("a duty starts a third into its slot, once, with its own definitions")
    func starts() throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(0))
        let rows = [Fixture.row(0, slot: 5), Fixture.row(1, slot: 5), Fixture.row(2, slot: 6)]
        #expect(scheduler.resolved(.zero, definitions(rows), at: .slot(0, plus: 1)).started.isEmpty)
        #expect(scheduler.nextWake(after: .slot(5)) == .slot(5, plus: 4))
        #expect(scheduler.wake(at: .slot(5, plus: 3.999)).started.isEmpty)
        let signals = scheduler.wake(at: .slot(5, plus: 4))
        #expect(signals.started == [.attester(slot: Slot(5))])
        guard case .dutyStarted(_, let set)? = signals.first else { return }
        #expect(Set(set.keys) == [Fixture.pubKey(0), Fixture.pubKey(1)])
        #expect(scheduler.wake(at: .slot(5, plus: 4)).started.isEmpty)
        #expect(scheduler.definitions(of: .attester(slot: Slot(6)))?.count == 1)
        #expect(scheduler.definitions(of: .attester(slot: Slot(40))) == nil)
    }

    @Test("started in mid slot, it begins that slot's duty at once and none before")
    func midSlot() throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(5, plus: 9))
        let rows = [Fixture.row(0, slot: 4), Fixture.row(1, slot: 5), Fixture.row(2, slot: 6)]
        #expect(
            scheduler.resolved(.zero, definitions(rows), at: .slot(5, plus: 9)).started
                == [.attester(slot: Slot(5)), Duty(slot: Slot(5), type: .aggregator)])
        #expect(scheduler.definitions(of: .attester(slot: Slot(4)))?.count == 1, "known, to judge what others say")
    }

    @Test("slots slept through are not replayed")
    func noReplay() throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(0))
        _ = scheduler.resolved(.zero, definitions((1...20).map { Fixture.row($0 % 3, slot: UInt64($0)) }), at: .slot(0))
        let signals = scheduler.wake(at: .slot(10, plus: 5))
        #expect(signals.started == [Duty(slot: Slot(9), type: .aggregator), .attester(slot: Slot(10))])
        guard case .dutiesMissed(let from, let to, let count, _)? = signals.effects.reports.first else {
            Issue.record("the slots lost are told")
            return
        }
        #expect(from == Slot(1) && to == Slot(9) && count == 17)
    }

    @Test("a clock that steps a slot forth or back loses that slot at most, and doubles none", arguments: [1.0, -1.0])
    func clockStep(slots: Double) throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(0))
        _ = scheduler.resolved(.zero, definitions((1...20).map { Fixture.row($0 % 3, slot: UInt64($0)) }), at: .slot(0))
        var started: [Duty] = []
        // True time in seconds; between 100 and 130 the clock is off.
        for second in 0..<260 {
            let off = (100..<130).contains(second) ? slots * 12 : 0
            started += scheduler.wake(at: .at(Double(second) + off)).started
        }
        #expect(Set(started).count == started.count, "no duplicates")
        #expect(Set((1...20).map { Duty.attester(slot: Slot($0)) }).subtracting(started).count <= 1)
    }

    @Test("the first row of a validator and slot counts; strangers' and other epochs' rows do not")
    func rows() throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(0))
        let first = Fixture.row(0, slot: 5, committee: 1)
        let rows = [
            first, Fixture.row(0, slot: 5, committee: 2), Fixture.row(9, slot: 5), Fixture.row(1, slot: 40),
        ]
        _ = scheduler.resolved(.zero, definitions(rows), at: .slot(0))
        #expect(scheduler.definitions(of: .attester(slot: Slot(5))) == [Fixture.pubKey(0): .attester(first)])
        #expect(scheduler.definitions(of: .attester(slot: Slot(40))) == nil)
        // Nor does a second answer.
        _ = scheduler.resolved(.zero, definitions([Fixture.row(1, slot: 5)]), at: .slot(0))
        #expect(scheduler.definitions(of: .attester(slot: Slot(5)))?.count == 1)
    }

    @Test("an epoch without duties counts as resolved; old epochs are forgotten")
    func trims() throws {
        var scheduler = try scheduler()
        for epoch in UInt64(0)..<5 {
            #expect(scheduler.wake(at: .slot(epoch * 32)).resolved == [epoch])
            _ = scheduler.resolved(
                Epoch(epoch), definitions([Fixture.row(0, slot: epoch * 32 + 3)]), at: .slot(epoch * 32))
        }
        #expect(scheduler.definitions(of: .attester(slot: Slot(3))) == nil)
        #expect(scheduler.definitions(of: .attester(slot: Slot(4 * 32 + 3))) != nil)
    }

    @Test("an epoch told too late, or never, is told once with its slots")
    func lateEpochs() throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(3))
        let rows = [1, 4, 5, 9].map { Fixture.row(0, slot: $0) }
        let late = scheduler.resolved(.zero, definitions(rows), at: .slot(6)).effects.reports
        let why = "the beacon node told the duties of epoch 0 too late"
        #expect(late == [.dutiesMissed(from: Slot(4), to: Slot(5), count: 4, why)], "what was before us is no loss")
        _ = scheduler.wake(at: .slot(31))
        for kind in DutyKind.allCases { scheduler.unavailable(Epoch(1), kind, at: .slot(31)) }
        _ = scheduler.wake(at: .slot(40))
        let lost = scheduler.wake(at: .slot(64)).effects.reports
        guard case .dutiesMissed(let from, let to, nil, _)? = lost.first else {
            Issue.record("\(lost)")
            return
        }
        #expect(from == Slot(32) && to == Slot(63))
        #expect(scheduler.wake(at: .slot(65)).effects.reports.isEmpty)
        // A clock that jumps by years.
        #expect(scheduler.wake(at: .slot(1 << 28)).effects.reports.count == 1)
    }
}
