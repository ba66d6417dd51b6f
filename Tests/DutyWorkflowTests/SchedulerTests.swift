import Ethereum
import Testing

@testable import DutyWorkflow

@Suite("Scheduler")
struct SchedulerTests {
    private func scheduler() throws -> Scheduler { Scheduler(configuration: try Fixture.configuration()) }

    @Test("asks for the epoch it wakes in, once")
    func resolvesAtFirstSight() throws {
        var scheduler = try scheduler()
        #expect(scheduler.nextWake(after: .at(-5)) == Fixture.genesis)
        #expect(scheduler.wake(at: .at(-5)).isEmpty)
        #expect(scheduler.wake(at: .slot(70)).resolved == [2])
        #expect(scheduler.wake(at: .slot(71)).resolved.isEmpty, "the answer is still out")
    }

    @Test("asks for the next epoch in the last slot, whatever duties that slot has")
    func resolvesAhead() throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(0))
        _ = scheduler.resolved(.zero, [], at: .slot(0))
        #expect(scheduler.wake(at: .slot(30)).resolved.isEmpty)
        #expect(scheduler.wake(at: .slot(31)).resolved == [1])
        _ = scheduler.resolved(Epoch(1), [], at: .slot(31))
        #expect(scheduler.wake(at: .slot(32)).resolved.isEmpty)
    }

    @Test("asks again with growing pauses, never longer than a slot")
    func backsOff() throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(0))
        var now = Instant.slot(0)
        var pauses: [Duration] = []
        for _ in 0..<14 {
            scheduler.unavailable(.zero, at: now)
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
        #expect(scheduler.resolved(.zero, rows, at: .slot(0, plus: 1)).started.isEmpty)
        #expect(scheduler.nextWake(after: .slot(5)) == .slot(5, plus: 4))
        #expect(scheduler.wake(at: .slot(5, plus: 3.999)).started.isEmpty)
        let signals = scheduler.wake(at: .slot(5, plus: 4))
        #expect(signals.started == [.attester(slot: Slot(5))])
        guard case .dutyStarted(_, let set)? = signals.first else { return }
        #expect(Set(set.keys) == [Fixture.pubKey(0), Fixture.pubKey(1)])
        #expect(scheduler.wake(at: .slot(5, plus: 4)).started.isEmpty)
        #expect(scheduler.definition(of: .attester(slot: Slot(6)))?.count == 1)
        #expect(scheduler.definition(of: .attester(slot: Slot(40))) == nil)
    }

    @Test("started in mid slot, it begins that slot's duty at once and none before")
    func midSlot() throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(5, plus: 9))
        let rows = [Fixture.row(0, slot: 4), Fixture.row(1, slot: 5), Fixture.row(2, slot: 6)]
        #expect(scheduler.resolved(.zero, rows, at: .slot(5, plus: 9)).started == [.attester(slot: Slot(5))])
        #expect(scheduler.definition(of: .attester(slot: Slot(4))) == nil)
    }

    @Test("slots slept through are not replayed")
    func noReplay() throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(0))
        _ = scheduler.resolved(.zero, (1...20).map { Fixture.row($0 % 3, slot: UInt64($0)) }, at: .slot(0))
        #expect(scheduler.wake(at: .slot(10, plus: 5)).started == [.attester(slot: Slot(10))])
    }

    @Test("a clock that steps a slot forth or back loses that slot at most, and doubles none", arguments: [1.0, -1.0])
    func clockStep(slots: Double) throws {
        var scheduler = try scheduler()
        _ = scheduler.wake(at: .slot(0))
        _ = scheduler.resolved(.zero, (1...20).map { Fixture.row($0 % 3, slot: UInt64($0)) }, at: .slot(0))
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
        _ = scheduler.resolved(.zero, rows, at: .slot(0))
        #expect(scheduler.definition(of: .attester(slot: Slot(5))) == [Fixture.pubKey(0): .attester(first)])
        #expect(scheduler.definition(of: .attester(slot: Slot(40))) == nil)
        // Nor does a second answer.
        _ = scheduler.resolved(.zero, [Fixture.row(1, slot: 5)], at: .slot(0))
        #expect(scheduler.definition(of: .attester(slot: Slot(5)))?.count == 1)
    }

    @Test("an epoch without duties counts as resolved; old epochs are forgotten")
    func trims() throws {
        var scheduler = try scheduler()
        for epoch in UInt64(0)..<5 {
            #expect(scheduler.wake(at: .slot(epoch * 32)).resolved == [epoch])
            _ = scheduler.resolved(Epoch(epoch), [Fixture.row(0, slot: epoch * 32 + 3)], at: .slot(epoch * 32))
        }
        #expect(scheduler.definition(of: .attester(slot: Slot(3))) == nil)
        #expect(scheduler.definition(of: .attester(slot: Slot(4 * 32 + 3))) != nil)
    }
}
