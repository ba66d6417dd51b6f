import NIOCore

/// How much work one operator's messages may cause: filled by time, emptied by messages.
///
/// Work is estimated, not measured, so that an honest operator's allowance does not shrink when this machine is busy.
/// In a cluster of 1000 validators an operator's messages of all duties come to about 0.1 s of a core each slot, a
/// block of 10 MB with its blobs, in each message of two rounds, to 1 s more. The budget gives that for good, and has
/// some more in stock.
struct WorkBudget: Sendable {
    private static let stock = TimeAmount.seconds(2)
    /// An eighth of a core.
    private static let share: Int64 = 8
    /// Decoding, and the signature of the message itself.
    private static let perMessage = TimeAmount.microseconds(100)
    /// Decoding and hashing large values; small messages are rather made of signatures, one in 170 bytes.
    private static let bytesPerMicrosecond = (small: 8, large: 64)

    private var left = stock.nanoseconds
    private var last: NIODeadline

    init(now: NIODeadline) { last = now }

    static func cost(bytes: Int) -> TimeAmount {
        let small = min(bytes, SmallMessage.bytesMax)
        let large = bytes - small
        return perMessage
            + .microseconds(Int64(small / bytesPerMicrosecond.small + large / bytesPerMicrosecond.large))
    }

    /// - Returns: false when the operator has used up what it may; then nothing is taken.
    mutating func take(_ cost: TimeAmount, now: NIODeadline) -> Bool {
        left = min(Self.stock.nanoseconds, left + max(0, (now - last).nanoseconds) / Self.share)
        last = now
        guard left >= cost.nanoseconds else { return false }
        left -= cost.nanoseconds
        return true
    }
}

/// Messages that are decoded where they arrive; larger ones would hold the loop for more than a millisecond.
enum SmallMessage {
    static let bytesMax = 64 << 10
    /// Of those that have waited, as many in one turn of the loop.
    static let perTurn = 32
}
