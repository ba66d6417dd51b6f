import NIOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The time of its event loop that what a peer sends may cost: a stock at once, a share of all time for good. Who sends
/// as fast as he can is read no faster than that; TCP tells him so.
///
/// CPU time, not the clock's: a connection does not pay for the loop's thread having to wait for a core.
struct LoopAllowance {
    /// Four messages of 3 MB each, a block in all phases of its consensus, take about 30 ms.
    static let stock = TimeAmount.milliseconds(50)
    /// One part in five.
    static let share: Int64 = 5
    /// After each turn, in which others have theirs.
    static let restMin = TimeAmount.milliseconds(1)

    /// Nanoseconds; below zero when it owes.
    private var left = stock.nanoseconds
    private var last: NIODeadline

    init(now: NIODeadline) { last = now }

    /// - Parameter work: time used since the last call.
    mutating func spend(_ work: TimeAmount, now: NIODeadline) {
        left = min(Self.stock.nanoseconds, left + max(0, (now - last).nanoseconds) / Self.share)
        left -= max(0, work.nanoseconds)
        last = now
    }

    var isSpent: Bool { left < 0 }

    /// How long nothing more is to be read.
    var rest: TimeAmount { max(Self.restMin, .nanoseconds(max(0, -left) * Self.share)) }

    /// CPU time that this thread has had.
    static func threadTime() -> TimeAmount {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}
