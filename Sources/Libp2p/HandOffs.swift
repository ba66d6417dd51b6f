import Synchronization

/// How often work on the way of a message passed from one thread to another, in the whole process: each costs some
/// microseconds and, on a busy machine, the time until the other thread runs.
///
/// Counted where it happens: waking a loop from elsewhere, giving work to a worker, making a task. Measurements take
/// the difference of two totals.
package enum HandOffs {
    /// Where the work went.
    package enum Kind: Int, CaseIterable, Sendable {
        /// To a stream's connection, from the task that uses the stream: what keeps peers in touch, not duties.
        case stream
        /// To a worker; what comes back is counted under `loop`.
        case worker
        /// To a task that waits for a beacon node.
        case task
        /// Back to the node's loop.
        case loop
        /// Into the loop from a caller of the workflow, and out of it with the answer.
        case caller
        /// To the disk, and back.
        case commit
    }

    private static let counters: [6 of Atomic<UInt64>] = [.init(0), .init(0), .init(0), .init(0), .init(0), .init(0)]

    package static func note(_ kind: Kind) { counters[kind.rawValue].add(1, ordering: .relaxed) }

    package static func total(_ kind: Kind) -> UInt64 { counters[kind.rawValue].load(ordering: .relaxed) }
}
