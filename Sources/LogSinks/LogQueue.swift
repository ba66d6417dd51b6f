import Logging

/// Records that wait for whoever takes them, oldest first. Bounded: what does not fit is dropped and counted.
struct LogQueue: Sendable {
    private let bytesMax: Int
    private let countMax: Int
    /// Lines below a warning leave this much free: a flood of them drives out no warning.
    private let reserve: Double

    private(set) var records: [LogRecord] = []
    private(set) var bytes = 0
    /// Since the last `takeDropped`.
    private var dropped: UInt64 = 0

    /// - Parameters:
    ///   - bytesMax: of memory.
    ///   - countMax: of records.
    init(bytesMax: Int, countMax: Int = .max, reserve: Double = 0.25) {
        self.bytesMax = bytesMax
        self.countMax = countMax
        self.reserve = reserve
    }

    /// - Parameter fixed: that many of the oldest keep their places; behind them lines are put in order of time, for
    ///   threads that log at once may come here in another. At the end if nil.
    /// - Returns: whether it was taken.
    mutating func add(_ record: LogRecord, behind fixed: Int? = nil) -> Bool {
        let cost = record.bytes
        let share = record.level < .warning ? 1 - reserve : 1
        guard Double(bytes + cost) <= Double(bytesMax) * share, Double(records.count + 1) <= Double(countMax) * share
        else {
            dropped += 1
            return false
        }
        var place = records.count
        while let fixed, place > fixed, records[place - 1].time > record.time { place -= 1 }
        records.insert(record, at: place)
        bytes += cost
        return true
    }

    mutating func removeFirst(_ count: Int) {
        for record in records.prefix(count) { bytes -= record.bytes }
        records.removeFirst(min(count, records.count))
    }

    mutating func takeAll() -> [LogRecord] {
        defer {
            records = []
            bytes = 0
        }
        return records
    }

    mutating func takeDropped() -> UInt64 {
        defer { dropped = 0 }
        return dropped
    }
}
