import Ethereum

/// What was agreed on, and since when. Lost with the process: after a restart nothing is agreed until the epoch ends.
struct PriorityHistory: Sendable {
    private static let entriesMax = 100

    /// Each differs from the one before. By slot.
    private var entries: [AgreedPriorities] = []

    /// - Returns: whether it is news.
    mutating func add(_ agreed: AgreedPriorities) -> Bool {
        if let last = entries.last, last.slot >= agreed.slot || last.isSame(as: agreed) { return false }
        entries.append(agreed)
        if entries.count > Self.entriesMax { entries.removeFirst() }
        return true
    }

    /// The newest that is not younger than the slot.
    func agreed(at slot: Slot) -> AgreedPriorities? { entries.last { $0.slot <= slot } }
}
