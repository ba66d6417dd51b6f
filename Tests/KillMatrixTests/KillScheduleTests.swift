import KillMatrix
import Testing

@Suite("Kill schedule")
struct KillScheduleTests {
    private func steps(_ seed: UInt64, _ count: Int = 400, points: [String] = KillPoints.names) -> [KillSchedule.Step] {
        var schedule = KillSchedule(seed: seed, nodes: 4, clients: 2, points: points)
        return (0..<count).map { _ in schedule.next() }
    }

    @Test("the same seed kills the same nodes at the same points, another seed others")
    func seeds() {
        #expect(steps(1) == steps(1))
        #expect(steps(1) != steps(2))
    }

    @Test("there are kill points in this build, and each has its turn before any has two more")
    func fairness() {
        let names = KillPoints.names
        #expect(names.count > 10 && Set(names).count == names.count)
        var turns: [String: Int] = [:]
        for step in steps(3) { if let first = step.blows.first { turns[first.point, default: 0] += 1 } }
        let counts = names.map { turns[$0] ?? 0 }
        #expect((counts.min() ?? 0) > 0 && (counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    }

    @Test("nodes die one at a time, or all at once now and then")
    func victims() {
        let steps = steps(4)
        #expect(steps.allSatisfy { $0.victims.count == 1 || $0.victims == [0, 1, 2, 3] })
        #expect(steps.contains { $0.victims.count == 4 } && steps.count { $0.victims.count == 4 } < steps.count / 4)
    }

    @Test("a point that only some nodes come by is given to those, with whoever it takes")
    func places() {
        for step in steps(5) {
            guard let first = step.blows.first else { continue }
            if KillSchedule.clientsPoints.contains(first.point) { #expect(step.victims[0] < 2) }
            if KillSchedule.signersPoints.contains(first.point) { #expect(step.victims[0] >= 2) }
            #expect((step.companion != nil) == KillSchedule.companionPoints.contains(first.point))
            #expect(step.companion != step.victims[0])
            for blow in step.blows where KillSchedule.startPoints.contains(blow.point) { #expect(blow.pass == 1) }
        }
    }

    @Test("the points that the schedule knows by name exist")
    func names() {
        let special = [
            KillSchedule.clientsPoints, KillSchedule.signersPoints, KillSchedule.companionPoints,
            KillSchedule.startPoints,
        ].reduce(into: Set<String>()) { $0.formUnion($1) }
        #expect(special.isSubset(of: Set(KillPoints.names)))
    }

    @Test("keeps to the points that are wanted")
    func wanted() {
        let used = Set(steps(6, points: ["vote", "share"]).flatMap { $0.blows.map(\.point) })
        #expect(used == ["vote", "share"])
    }
}
