import Ethereum

/// Duties by the moment they are over. Adding one twice is harmless.
///
/// What is over stays over: when the clock steps back behind a deadline, the votes and rows of the duty are gone, and
/// starting it again would mean to promise things twice. Duties without a deadline make room for others, those that
/// this node signed for last of all: validators that exit in one epoch share a duty, and sign for it when their
/// operators like.
struct DeadlineQueue: Sendable {
    private let deadlines: Deadlines
    private var known: Set<Duty> = []
    /// Soonest last, so that taking is cheap.
    private var queue: [(at: Instant, duty: Duty)] = []
    private var over: Set<Duty> = []
    /// In the order in which they ended. By count, not by time: it must survive a clock that jumps far ahead and back.
    private var overInOrder: [Duty] = []
    private var endless = EndlessDuties()
    /// An hour of mainnet's slots with every type of duty in each.
    private static let overMax = 4096

    init(deadlines: Deadlines) { self.deadlines = deadlines }

    func isOver(_ duty: Duty) -> Bool { over.contains(duty) }

    /// Does nothing for a duty that is over.
    mutating func add(_ duty: Duty) {
        guard !isOver(duty), known.insert(duty).inserted else { return }
        guard let at = deadlines.deadline(of: duty) else {
            endless.add(duty)
            return
        }
        let index = queue.firstIndex { ($0.at, $0.duty) < (at, duty) } ?? queue.count
        queue.insert((at, duty), at: index)
    }

    mutating func expired(at now: Instant) -> [Duty] {
        var duties: [Duty] = []
        while let last = queue.last, last.at <= now {
            queue.removeLast()
            duties.append(last.duty)
        }
        close(duties)
        return duties
    }

    /// A duty without a deadline that has to go; nil while there is room for all.
    ///
    /// - Parameter supporters: who signed for each.
    func surplus(_ supporters: [Duty: Set<ShareIndex>], own: ShareIndex) -> Duty? {
        endless.surplus(supporters, own: own)
    }

    /// Of a duty without a deadline: it may come again.
    mutating func forget(_ duty: Duty) {
        known.remove(duty)
        endless.remove(duty)
    }

    /// Of a duty without a deadline: it is over all the same.
    mutating func close(_ duty: Duty) {
        endless.remove(duty)
        close([duty])
    }

    /// Over in an earlier life.
    mutating func close(_ duties: some Collection<Duty>) {
        guard !duties.isEmpty else { return }
        known.subtract(duties)
        over.formUnion(duties)
        overInOrder += duties
        guard overInOrder.count > Self.overMax else { return }
        let excess = overInOrder.count - Self.overMax
        over.subtract(overInOrder.prefix(excess))
        overInOrder.removeFirst(excess)
    }

    var next: Instant? { queue.last?.at }
}
