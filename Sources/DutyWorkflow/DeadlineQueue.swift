import Ethereum

/// Duties by the moment they are over. Adding one twice is harmless; duties without deadline are not kept.
///
/// What is over stays over: when the clock steps back behind a deadline, the votes and rows of the duty are gone, and
/// starting it again would mean to promise things twice.
struct DeadlineQueue: Sendable {
    private let deadlines: Deadlines
    private var known: Set<Duty> = []
    /// Soonest last, so that taking is cheap.
    private var queue: [(at: Instant, duty: Duty)] = []
    private var over: Set<Duty> = []
    /// In the order in which they ended. By count, not by time: it must survive a clock that jumps far ahead and back.
    private var overInOrder: [Duty] = []
    /// An hour of mainnet's slots with every type of duty in each.
    private static let overMax = 4096

    init(deadlines: Deadlines) { self.deadlines = deadlines }

    func isOver(_ duty: Duty) -> Bool { over.contains(duty) }

    /// Does nothing for a duty that is over.
    mutating func add(_ duty: Duty) {
        guard !isOver(duty), let at = deadlines.deadline(of: duty), known.insert(duty).inserted else { return }
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
        close(duties)
        return duties
    }

    var next: Instant? { queue.last?.at }

    /// - Parameter duties: none of them over yet. Those that ended first come first.
    mutating func close(_ duties: [Duty]) {
        guard !duties.isEmpty else { return }
        over.formUnion(duties)
        overInOrder += duties
        guard overInOrder.count > Self.overMax else { return }
        let excess = overInOrder.count - Self.overMax
        over.subtract(overInOrder.prefix(excess))
        overInOrder.removeFirst(excess)
    }
}
