import Ethereum

/// Duties by the moment they are over. Adding one twice is harmless; duties without deadline are not kept.
struct DeadlineQueue: Sendable {
    private let deadlines: Deadlines
    private var known: Set<Duty> = []
    /// Soonest last, so that taking is cheap.
    private var queue: [(at: Instant, duty: Duty)] = []

    init(deadlines: Deadlines) { self.deadlines = deadlines }

    mutating func add(_ duty: Duty) {
        guard let at = deadlines.deadline(of: duty), known.insert(duty).inserted else { return }
        let index = queue.firstIndex { ($0.at, $0.duty) < (at, duty) } ?? queue.count
        queue.insert((at, duty), at: index)
    }

    mutating func expired(at now: Instant) -> [Duty] {
        var duties: [Duty] = []
        while let last = queue.last, last.at <= now {
            queue.removeLast()
            known.remove(last.duty)
            duties.append(last.duty)
        }
        return duties
    }

    var next: Instant? { queue.last?.at }
}
