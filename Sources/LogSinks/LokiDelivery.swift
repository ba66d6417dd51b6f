import Timing

/// Lines on their way to every Loki: who the process is, and when to tell of trouble. Pure.
struct LokiDelivery: Sendable {
    typealias Time = ContinuousClock.Instant

    /// What the log says of it.
    enum Notice: Equatable {
        case trouble(index: Int, why: String, dropped: UInt64)
        case worksAgain(index: Int, dropped: UInt64)
    }

    /// Of the stream; nothing is sent before they are known.
    private(set) var labels: [(name: String, value: String)]?
    private(set) var queues: [LokiQueue]
    /// Since the start: a line counts once for each Loki that does not get it.
    private(set) var dropped: UInt64 = 0
    private var droppedTold: UInt64 = 0
    private var told = Told<Time>(every: DropNotice.every)

    init(count: Int) { queues = Array(repeating: LokiQueue(), count: count) }

    mutating func identify(_ labels: [(name: String, value: String)]) { self.labels = labels }

    mutating func add(_ record: LogRecord) {
        for index in queues.indices where !queues[index].add(record) { dropped += 1 }
    }

    /// - Returns: what to send now, with the labels to send it under.
    mutating func take(
        _ index: Int, at now: Time, isLast: Bool = false
    ) -> (records: [LogRecord], labels: [(name: String, value: String)])? {
        guard let labels, let records = queues[index].take(at: now, isLast: isLast) else { return nil }
        return (records, labels)
    }

    /// - Parameter tooLong: lines of the batch that were left out.
    mutating func end(
        _ index: Int, _ outcome: LokiQueue.Outcome, tooLong: Int, at now: Time,
        using generator: inout some RandomNumberGenerator
    ) -> Notice? {
        let (told, lost) = queues[index].end(outcome, at: now, using: &generator)
        if case .taken = outcome { dropped += UInt64(tooLong) }
        dropped += UInt64(lost)
        switch told {
        case .trouble(let why):
            // Whichever Loki it is: one line for all.
            guard self.told.isNews("", at: now) else { return nil }
            return .trouble(index: index, why: why, dropped: takeDropped())
        case .worksAgain: return .worksAgain(index: index, dropped: takeDropped())
        case nil: return nil
        }
    }

    private mutating func takeDropped() -> UInt64 {
        defer { droppedTold = dropped }
        return dropped - droppedTold
    }
}
