import Synchronization

/// Bytes of bodies that several requests together may hold.
package final class ByteBudget: Sendable {
    private let bytesMax: Int
    private let held = Mutex(0)

    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// What one request holds; given back when it is dropped, if not before.
    package final class Share: Sendable {
        private let budget: ByteBudget
        /// Nil once given back: what comes after that is not kept, and does not count.
        private let bytes = Mutex<Int?>(0)

        fileprivate init(_ budget: ByteBudget) {
            self.budget = budget
        }

        deinit { giveBack() }

        package func giveBack() {
            let given = bytes.withLock { bytes in
                defer { bytes = nil }
                return bytes ?? 0
            }
            budget.held.withLock { $0 -= given }
        }

        /// Gives back a part of what was taken.
        package func giveBack(_ count: Int) {
            bytes.withLock { bytes in
                guard let before = bytes else { return }
                precondition(count <= before)
                bytes = before - count
                budget.held.withLock { $0 -= count }
            }
        }

        /// - Returns: false, and nothing is taken, when all requests together would hold too much.
        package func take(_ count: Int) -> Bool {
            bytes.withLock { bytes in
                guard let before = bytes else { return true }
                let isTaken = budget.held.withLock { held in
                    guard count <= budget.bytesMax - held else { return false }
                    held += count
                    return true
                }
                if isTaken { bytes = before + count }
                return isTaken
            }
        }
    }

    package func share() -> Share { Share(self) }
}
