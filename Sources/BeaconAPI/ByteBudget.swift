import Synchronization

/// Bytes of bodies that several requests together may hold.
package final class ByteBudget: Sendable {
    private let bytesMax: Int
    private let held = Mutex(0)

    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// What one request holds; given back when it is dropped.
    package final class Share: Sendable {
        private let budget: ByteBudget
        private let bytes = Mutex(0)

        fileprivate init(_ budget: ByteBudget) {
            self.budget = budget
        }

        deinit {
            let bytes = bytes.withLock { $0 }
            budget.held.withLock { $0 -= bytes }
        }

        /// - Returns: false, and nothing is taken, when all requests together would hold too much.
        package func take(_ count: Int) -> Bool {
            let isTaken = budget.held.withLock { held in
                guard count <= budget.bytesMax - held else { return false }
                held += count
                return true
            }
            if isTaken { bytes.withLock { $0 += count } }
            return isTaken
        }
    }

    package func share() -> Share { Share(self) }
}
