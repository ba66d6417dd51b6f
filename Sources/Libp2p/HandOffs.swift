import Synchronization

/// How often work on the way of a message passed from one thread to another, in the whole process: each costs some
/// microseconds and, on a busy machine, the time until the other thread runs.
///
/// Counted where it happens: waking a loop from elsewhere, giving work to a worker, making a task. Measurements take
/// the difference of two totals.
package enum HandOffs {
    private static let counter = Atomic<UInt64>(0)

    package static func note() { counter.add(1, ordering: .relaxed) }

    package static var total: UInt64 { counter.load(ordering: .relaxed) }
}
