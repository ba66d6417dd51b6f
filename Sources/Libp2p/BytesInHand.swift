import Synchronization

/// Announced lengths of one peer's messages that are being read or handled, over all its connections, on any thread.
final class BytesInHand: Sendable {
    private let count = Atomic<Int>(0)

    /// - Returns: false when it would be more than `max`; then nothing was claimed.
    func claim(_ bytes: Int, max: Int) -> Bool {
        if count.add(bytes, ordering: .relaxed).newValue <= max { return true }
        release(bytes)
        return false
    }

    func release(_ bytes: Int) { count.subtract(bytes, ordering: .relaxed) }
}
