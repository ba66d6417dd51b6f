import Demo
import DutyWorkflow
import Ethereum
import Program

/// Carries a schedule out: who dies when, and that all are back before the next.
struct Director: Sendable {
    struct Course: Sendable {
        var summary = MatrixSummary()
        var presence: DutyCount.Presence
        /// Those that count.
        var slots: Range<UInt64> = 0..<0
    }

    let seats: [Seat]
    let wire: Wiretap
    let chain: DemoChain
    let recorder: Recorder
    let patience: Duration
    let say: @Sendable (String) -> Void

    /// How long a life may take to come by its point.
    private static let slotsForPoint = 3
    private static let pause = Duration.milliseconds(20)

    func run(_ options: KillMatrix.Options) async throws -> Course {
        var course = Course(presence: DutyCount.Presence(nodes: seats.count))
        for seat in seats { seat.start() }
        try await whole(&course)
        let first = chain.clock.currentSlot(at: SystemClock.now()) + 1
        try await sleep(until: chain.clock.start(of: first) + chain.clock.slotDuration)
        let began = SystemClock.now()
        var schedule = KillSchedule(
            seed: options.seed, nodes: seats.count, clients: KillMatrix.clients, points: options.points)
        var told = began
        while course.summary.killCount < options.kills {
            try await perform(schedule.next(), &course)
            recorder.forget(before: chain.clock.currentSlot(at: SystemClock.now()))
            if SystemClock.now() - told > .seconds(60) {
                told = SystemClock.now()
                say("\(course.summary.killCount) kills, \(recorder.ledger.contradictions.count) contradictions")
            }
        }
        course.summary.seconds = (SystemClock.now() - began) / .seconds(1)
        // A last look at what all of them together make of it: a slot, and the time for what comes late in it.
        let last = chain.clock.currentSlot(at: SystemClock.now()) + 1
        try await sleep(until: chain.clock.start(of: last + 1) + chain.clock.slotDuration * 3 / 4)
        course.slots = first.rawValue..<last.rawValue + 1
        return course
    }

    private func perform(_ step: KillSchedule.Step, _ course: inout Course) async throws {
        try await sleep(until: SystemClock.now() + chain.clock.slotDuration * step.pause / 1000)
        for victim in step.victims {
            course.presence.end(victim, at: SystemClock.now())
            if seats[victim].kill() { course.summary.kills[MatrixSummary.random, default: 0] += 1 }
        }
        for victim in step.victims { try await down(victim) }
        for blow in step.blows { try await strike(blow, step, &course) }
        let now = SystemClock.now()
        for victim in step.victims { seats[victim].start() }
        try await whole(&course)
        course.summary.recoveries.append((SystemClock.now() - now) / .seconds(1))
    }

    /// A life until its point.
    private func strike(
        _ blow: KillSchedule.Blow, _ step: KillSchedule.Step, _ course: inout Course
    ) async throws {
        let victim = step.victims[0]
        seats[victim].start(blow)
        let isAtStart = KillSchedule.startPoints.contains(blow.point)
        var deadline = SystemClock.now() + patience
        var companion = step.companion
        while seats[victim].end == nil, SystemClock.now() < deadline {
            try await Task.sleep(for: Self.pause)
            guard deadline - SystemClock.now() > chain.clock.slotDuration * Self.slotsForPoint, !isAtStart,
                isUp(victim)
            else { continue }
            deadline = SystemClock.now() + chain.clock.slotDuration * Self.slotsForPoint
            if let other = companion, blow == step.blows.first {
                companion = nil
                course.presence.end(other, at: SystemClock.now())
                if seats[other].kill() { course.summary.kills[MatrixSummary.random, default: 0] += 1 }
                try await down(other)
                seats[other].start()
            }
        }
        seats[victim].kill()
        try await down(victim)
        switch seats[victim].end {
        case .atPoint?: course.summary.kills[blow.point, default: 0] += 1
        case .killed?:
            course.summary.late[blow.point, default: 0] += 1
            course.summary.kills[MatrixSummary.random, default: 0] += 1
        case .other(let how)?: tell(victim, how, &course)
        case nil: break
        }
    }

    private func down(_ node: Int) async throws {
        let deadline = SystemClock.now() + patience
        while seats[node].end == nil {
            guard SystemClock.now() < deadline else { throw MatrixError("node \(node) does not die") }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// A node that ended by itself is a fault; it is started again, to see what becomes of the rest.
    private func revive(_ course: inout Course) {
        for seat in seats {
            guard case .other(let how)? = seat.end else { continue }
            course.presence.end(seat.index, at: SystemClock.now())
            tell(seat.index, how, &course)
            seat.start()
        }
    }

    private func tell(_ node: Int, _ how: String, _ course: inout Course) {
        course.summary.faults.append("node \(node) ended by itself, with \(how): see its log")
    }

    private func isUp(_ node: Int) -> Bool {
        seats[node].isReady
            && seats.allSatisfy { $0.index == node || $0.end != nil || wire.areConnected(node, $0.index) }
    }

    /// All are ready and connected with each other.
    private func whole(_ course: inout Course) async throws {
        let deadline = SystemClock.now() + patience
        var open = Set(seats.indices)
        while !open.isEmpty {
            for node in open.sorted() where isUp(node) {
                course.presence.begin(node, at: SystemClock.now())
                open.remove(node)
            }
            revive(&course)
            guard SystemClock.now() < deadline else {
                throw MatrixError("nodes \(open.sorted()) were not back within \(patience / .seconds(1)) s")
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func sleep(until time: Instant) async throws {
        try await Task.sleep(for: max(.zero, time - SystemClock.now()))
    }
}
