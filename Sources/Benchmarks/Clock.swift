import Glibc

/// Which time a number counts.
enum Clock: String, Sendable {
    /// CPU time of the measuring thread: what the work costs, whoever else uses the machine.
    case thread = "cpu"
    /// CPU time of all threads of this process: the same for work that changes threads.
    case process = "cpu all"
    /// What a user waits; grows with the load of the machine.
    case wall = "wall"

    /// Nanoseconds since an arbitrary origin. One reading costs about half a microsecond.
    var nanoseconds: Int64 {
        var time = timespec()
        let id =
            switch self {
            case .thread: CLOCK_THREAD_CPUTIME_ID
            case .process: CLOCK_PROCESS_CPUTIME_ID
            case .wall: CLOCK_MONOTONIC
            }
        guard clock_gettime(id, &time) == 0 else { preconditionFailure("Linux has these clocks") }
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Makes the optimiser believe that somebody looks at `value`.
@inline(never) @_optimize(none)
func keep<Value>(_ value: Value) {}
