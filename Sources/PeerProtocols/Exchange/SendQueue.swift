/// Which messages to one peer are under way and which wait. Not an order: streams overtake each other anyway.
///
/// Waiting messages are bounded. When one too many comes the oldest is given up, because duties age: the newest
/// message is the one most worth sending.
struct SendQueue: Sendable {
    typealias Ticket = UInt64

    enum Entry: Equatable {
        case start
        case wait
        /// Wait, and this one is given up instead.
        case waitInsteadOf(Ticket)
    }

    let underWayMax: Int
    let waitingMax: Int
    private(set) var underWay = 0
    private(set) var waiting: [Ticket] = []

    /// - Precondition: both above zero.
    init(underWayMax: Int, waitingMax: Int) {
        precondition(underWayMax > 0 && waitingMax > 0)
        self.underWayMax = underWayMax
        self.waitingMax = waitingMax
    }

    mutating func enter(_ ticket: Ticket) -> Entry {
        if underWay < underWayMax {
            underWay += 1
            return .start
        }
        waiting.append(ticket)
        return waiting.count > waitingMax ? .waitInsteadOf(waiting.removeFirst()) : .wait
    }

    /// A message that was under way is done.
    ///
    /// - Returns: the next one to start.
    mutating func leave() -> Ticket? {
        guard waiting.isEmpty else { return waiting.removeFirst() }
        underWay -= 1
        return nil
    }

    /// - Returns: false when it does not wait any more.
    mutating func withdraw(_ ticket: Ticket) -> Bool {
        guard let position = waiting.firstIndex(of: ticket) else { return false }
        waiting.remove(at: position)
        return true
    }
}
