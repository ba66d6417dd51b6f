import Timing

/// Lines on their way to one Loki: what waits, what is under way and when to try again. Pure.
///
/// ```
/// idle ──take──► sending(count) ──sent, or refused for good──► idle
///   ▲                  │ failed
///   └──────────── waiting(until) ◄─┘
/// ```
struct LokiQueue: Sendable {
    typealias Time = ContinuousClock.Instant

    private enum Link {
        case idle
        /// That many of the oldest.
        case sending(Int)
        case waiting(until: Time)
    }

    /// What became of a batch.
    enum Outcome: Equatable {
        case taken
        /// Would be refused again: lines too old, or not what the server takes.
        case refused(String)
        case failed(String)
    }

    enum Told: Equatable {
        case trouble(String)
        case worksAgain
    }

    static let countMax = 1000
    /// Of memory.
    static let bytesMax = 4 << 20

    private var queue = LogQueue(bytesMax: LokiQueue.bytesMax, countMax: LokiQueue.countMax)
    private var link = Link.idle
    private var backoff = Backoff(base: .seconds(1), max: .seconds(60))
    private var isTroubled = false

    var count: Int { queue.records.count }
    var bytes: Int { queue.bytes }

    /// In order of time: there are Lokis that refuse a line older than the last.
    ///
    /// - Returns: whether it was taken.
    mutating func add(_ record: LogRecord) -> Bool {
        guard case .sending(let count) = link else { return queue.add(record, behind: 0) }
        return queue.add(record, behind: count)
    }

    /// The oldest lines, if it is time to send; what becomes of them is to be told to `end`.
    ///
    /// - Parameter isLast: the time to wait is cut short.
    mutating func take(at now: Time, isLast: Bool = false) -> [LogRecord]? {
        switch link {
        case .sending: return nil
        case .waiting(let until) where now < until && !isLast: return nil
        case .idle, .waiting: break
        }
        guard !queue.records.isEmpty else { return nil }
        link = .sending(queue.records.count)
        return queue.records
    }

    /// - Returns: what is worth a line, and how many lines are lost by it.
    mutating func end(
        _ outcome: Outcome, at now: Time, using generator: inout some RandomNumberGenerator
    ) -> (told: Told?, lost: Int) {
        guard case .sending(let count) = link else { return (nil, 0) }
        switch outcome {
        case .taken:
            queue.removeFirst(count)
            succeed()
            defer { isTroubled = false }
            return (isTroubled ? .worksAgain : nil, 0)
        case .refused(let why):
            queue.removeFirst(count)
            succeed()
            isTroubled = true
            return (.trouble(why), count)
        case .failed(let why):
            link = .waiting(until: now + backoff.next(using: &generator))
            isTroubled = true
            return (.trouble(why), 0)
        }
    }

    private mutating func succeed() {
        link = .idle
        backoff.reset()
    }
}
