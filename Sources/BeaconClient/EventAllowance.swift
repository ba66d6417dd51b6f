/// What one event stream may bring: enough for a busy chain, little for a machine.
///
/// Reading an event takes a thread of the few that glue HTTP, and some of them are work for the event loop that duties are
/// done on. A node that sends without end is therefore read as slowly as is allowed here; what it sends waits at its own
/// end, for nothing is read ahead.
struct EventAllowance {
    /// A node that follows the chain sends some events a slot, one that catches up a block event for each block.
    static let eventsMax = 256.0
    static let eventsPerSecond = 64.0
    /// Two of the longest events there are.
    static let bytesMax = Double(2 * BeaconEventStream.longestEventBytes)
    static let bytesPerSecond = Double(256 << 10)

    private var events = Self.eventsMax
    private var bytes = Self.bytesMax
    private var last: ContinuousClock.Instant?

    /// - Parameters:
    ///   - count: events in what was read, those of no topic of ours and unreadable ones too.
    ///   - bytes: all that was read, comments included.
    /// - Returns: how long to read nothing; nil while there is room.
    mutating func take(events count: Int, bytes size: Int, at now: ContinuousClock.Instant) -> Duration? {
        let seconds = last.map { max(0, $0.duration(to: now) / .seconds(1)) } ?? 0
        last = now
        events = min(Self.eventsMax, events + seconds * Self.eventsPerSecond) - Double(count)
        bytes = min(Self.bytesMax, bytes + seconds * Self.bytesPerSecond) - Double(size)
        let wait = max(-events / Self.eventsPerSecond, -bytes / Self.bytesPerSecond)
        return wait > 0 ? .seconds(1) * wait : nil
    }
}
