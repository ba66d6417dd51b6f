/// Which messages to one peer are under way and which wait. Not an order: streams overtake each other anyway.
///
/// Both are bounded, in number and in bytes. When one too many comes the oldest that wait are given up, because duties
/// age: the newest message is the one most worth sending. Small messages do not wait for the bytes of large ones.
struct SendQueue: Sendable {
    typealias Ticket = UInt64

    struct Limits: Sendable {
        /// Messages: a slot of a busy cluster has some dozen, and each ends within `PeerSender.timeout`. No more than a
        /// peer like this one has streams for, in one protocol: what is above that is reset.
        var underWayMax = 32
        var waitingMax = 256
        /// Bytes under way, and as many waiting; a single message may be larger. Small ones do not count.
        var bytesMax = 16 << 20
        var smallBytesMax = 64 << 10
    }

    private struct Item: Sendable {
        let ticket: Ticket
        let bytes: Int
    }

    enum Entry: Equatable {
        case start
        /// Wait, and these are given up.
        case wait(givenUp: [Ticket])
    }

    let limits: Limits
    private(set) var underWay = 0
    private var bytesUnderWay = 0
    private var items: [Item] = []

    /// - Precondition: limits above zero.
    init(_ limits: Limits = Limits()) {
        precondition(limits.underWayMax > 0 && limits.waitingMax > 0 && limits.bytesMax > 0)
        self.limits = limits
    }

    var waiting: [Ticket] { items.map(\.ticket) }

    mutating func enter(_ ticket: Ticket, bytes: Int) -> Entry {
        let counted = counted(bytes)
        if fits(counted), counted == 0 || !items.contains(where: { $0.bytes > 0 }) {
            start(counted)
            return .start
        }
        items.append(Item(ticket: ticket, bytes: counted))
        var excess = items.reduce(0) { $0 + $1.bytes } - limits.bytesMax
        var givenUp: [Ticket] = []
        while items.count > limits.waitingMax || (excess > 0 && items.count > 1) {
            // Giving up small messages would not make room for bytes.
            let position = items.count > limits.waitingMax ? 0 : items.firstIndex { $0.bytes > 0 } ?? 0
            guard position < items.count - 1 else { break }
            let oldest = items.remove(at: position)
            excess -= oldest.bytes
            givenUp.append(oldest.ticket)
        }
        return .wait(givenUp: givenUp)
    }

    /// A message that was under way is done.
    ///
    /// - Returns: those to start now.
    mutating func leave(bytes: Int) -> [Ticket] {
        underWay -= 1
        bytesUnderWay -= counted(bytes)
        var next: [Ticket] = []
        var left: [Item] = []
        for item in items {
            let isBehindLarge = item.bytes > 0 && left.contains { $0.bytes > 0 }
            if fits(item.bytes), !isBehindLarge {
                start(item.bytes)
                next.append(item.ticket)
            } else {
                left.append(item)
            }
        }
        items = left
        return next
    }

    private func counted(_ bytes: Int) -> Int { bytes <= limits.smallBytesMax ? 0 : bytes }

    private func fits(_ counted: Int) -> Bool {
        underWay < limits.underWayMax
            && (counted == 0 || bytesUnderWay == 0 || bytesUnderWay + counted <= limits.bytesMax)
    }

    private mutating func start(_ counted: Int) {
        underWay += 1
        bytesUnderWay += counted
    }
}
