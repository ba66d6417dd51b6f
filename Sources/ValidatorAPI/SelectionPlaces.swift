import Synchronization

/// Waits for selection proofs, which one request may have thousands of. The node has room for as many waiting callers
/// again, so that no such request keeps others out.
final class SelectionPlaces: Sendable {
    /// Of all requests at once; half of the node's waiting room.
    private static let all = 8192
    /// Of one request at once; its others wait for these. A cluster of a thousand validators asks for two epochs.
    static let ofRequest = 4096

    private let free = Mutex(all)

    /// - Returns: false if there is none.
    func take() -> Bool {
        free.withLock { free in
            guard free > 0 else { return false }
            free -= 1
            return true
        }
    }

    func give() { free.withLock { $0 += 1 } }
}
