import Simulation

/// Many simulated clusters, a seed each, on all cores.
extension Explore {
    private static let batch = 16
    /// Failing schedules that are made small and shown.
    private static let shownMax = 5

    static func seeds(_ options: Options) async {
        let first = UInt64(options["from"] ?? 0)
        let seeds = first..<first + UInt64(options["count"] ?? 2000)
        let forgetful = options["forgetful"]
        let watch = Stopwatch()
        var total = ScheduleOutcome()
        var failed: [UInt64] = []
        await withTaskGroup(of: [(UInt64, ScheduleOutcome)].self) { group in
            for start in stride(from: seeds.lowerBound, to: seeds.upperBound, by: batch) {
                group.addTask {
                    (start..<min(start + UInt64(batch), seeds.upperBound)).map { ($0, schedule($0, forgetful).run()) }
                }
            }
            for await outcomes in group {
                for (seed, outcome) in outcomes {
                    total = total + outcome
                    if !outcome.faults.isEmpty { failed.append(seed) }
                }
            }
        }
        for seed in failed.sorted().prefix(shownMax) { show(schedule(seed, forgetful)) }
        let listed = failed.sorted().prefix(50).map { "\($0)" }.joined(separator: " ")
        if !failed.isEmpty { print("seeds: FAILED: \(listed)") }
        exit(
            "seeds: \(seeds): \(total.slots) slots, \(total.duties) duties, \(total.restarts) restarts, "
                + "\(failed.count) failed, \(watch)", failed.isEmpty ? 0 : 1)
    }

    private static func schedule(_ seed: UInt64, _ forgetful: Int?) -> Schedule {
        var schedule = Schedule(seed: seed)
        schedule.forgetful = forgetful
        return schedule
    }

    private static func show(_ schedule: Schedule) {
        let faults = schedule.run().faults
        print("seeds: FAILED \(schedule)\n  \(faults.prefix(5).joined(separator: "\n  "))")
        // A smaller one may fail otherwise: what must never be stays that, what is missed stays missed.
        let isBroken = faults.contains { !$0.hasPrefix("missed") }
        let smallest = schedule.shrunk { smaller in
            let faults = smaller.run().faults
            return !faults.isEmpty && faults.contains { !$0.hasPrefix("missed") } == isBroken
        }
        print("seeds: made small: \(smallest)\n  \(smallest.run().faults.prefix(5).joined(separator: "\n  "))")
    }
}
