import Simulation
import Testing

/// Schedules drawn from seeds: a slice of what Scripts/seeds runs by the thousand.
@Suite("schedules of trouble")
struct ScheduleTests {
    @Test("cost no promise, and no duty once they are over", arguments: Seeds.fromEnvironment(default: 0..<12))
    func oracles(seed: UInt64) {
        let schedule = Schedule(seed: seed)
        #expect(schedule.run().faults.isEmpty, "\(schedule); \(replay(seed))")
    }

    /// 24, 103: reveals were lost in the trouble. 4, 61, 63: two messages took longer than a round.
    @Test("cost no duty where a liar has silenced itself", arguments: [4, 24, 61, 63, 103] as [UInt64])
    func silentLiars(seed: UInt64) {
        let schedule = Schedule(seed: seed)
        guard case .liar = schedule.adversary else {
            Issue.record("no liar in \(schedule): choose other seeds")
            return
        }
        #expect(schedule.run().faults.isEmpty, "\(schedule)")
    }

    @Test("owe attestations where the hostile node votes, or where a proposal is heard of within a round")
    func owedAttestations() {
        // An attacker that halts, delays up to 600 ms, commits up to 300 ms.
        var schedule = Schedule(seed: 559)
        #expect(schedule.adversary == .attacker(node: 0, .undueShares))
        #expect(schedule.run().faults.isEmpty)
        #expect(schedule.owes(.attester, isAnyHalted: false) && !schedule.owes(.attester, isAnyHalted: true))
        schedule.delayMax = 200
        #expect(schedule.owes(.attester, isAnyHalted: true) && schedule.run().faults.isEmpty)
        schedule.delayMax = 201
        #expect(!schedule.owes(.attester, isAnyHalted: true))
    }

    @Test("are the same for the same seed, and run the same")
    func deterministic() {
        #expect(Schedule(seed: 3) == Schedule(seed: 3) && Schedule(seed: 3) != Schedule(seed: 4))
        let (first, second) = (Schedule(seed: 3).run(), Schedule(seed: 3).run())
        #expect(first.duties > 0 && first.duties == second.duties && first.restarts == second.restarts)
    }

    @Test("have crashes, liars and loss enough among them")
    func variety() {
        let schedules = (0..<200 as Range<UInt64>).map { Schedule(seed: $0) }
        #expect(schedules.count { $0.adversary != .none } > 100)
        #expect(schedules.count { $0.loss > 0 } > 50)
        let acts = schedules.flatMap(\.acts)
        #expect(acts.count { if case .crash = $0 { true } else { false } } > 200)
        #expect(acts.count { if case .powerCut = $0 { true } else { false } } > 20)
        #expect(acts.count { if case .partition = $0 { true } else { false } } > 20)
    }

    @Test("that fail are made small: with a disk that forgets, what is left is its crash")
    func shrinking() throws {
        func isBroken(_ schedule: Schedule) -> Bool {
            schedule.run().faults.contains { !$0.hasPrefix("missed") }
        }
        let schedules = (0..<60 as Range<UInt64>).lazy.map { seed in
            var schedule = Schedule(seed: seed)
            schedule.forgetful = 1
            return schedule
        }
        let failing = try #require(schedules.first(where: isBroken), "the oracles see a node that forgets")
        let smallest = failing.shrunk(while: isBroken)
        #expect(isBroken(smallest), "it fails from its description alone")
        #expect(smallest.acts.count == 1, "\(smallest)")
        #expect(smallest.slots <= failing.slots && smallest.validators <= failing.validators)
        var sound = smallest
        sound.forgetful = nil
        #expect(sound.run().faults.isEmpty, "it was the disk: \(sound)")
    }

    @Test("shrinking stops at what is needed, whatever that is")
    func shrinkingByPredicate() {
        let needed = Schedule(seed: 11)
        let smallest = needed.shrunk { $0.acts.contains(needed.acts[0]) && $0.slots > 3 }
        #expect(smallest.acts == [needed.acts[0]] && smallest.slots == 4 && smallest.adversary == .none)
        #expect(smallest.loss == 0 && smallest.validators == 1)
    }
}
