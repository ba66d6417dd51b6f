import Foundation

/// How far this process's memory grows while something runs.
enum PeakMemory {
    /// MiB above what the process held before, at the highest.
    static func mebibytes(_ body: () throws -> Void) throws -> Double {
        // What was freed goes back to the system, so that the growth shows. Glibc's module leaves malloc.h out.
        guard let symbol = dlsym(nil, "malloc_trim") else { throw BenchmarkError("no malloc_trim") }
        _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> CInt).self)(0)
        let memory = ProcessMemory(of: getpid())
        try memory.forgetPeak()
        let before = try memory.mebibytes(.now)
        try body()
        return try memory.mebibytes(.peak) - before
    }
}
