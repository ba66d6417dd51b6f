import Foundation

/// How far memory grows while something runs. Source: proc(5).
enum PeakMemory {
    /// MiB above what the process held before, at the highest.
    static func mebibytes(_ body: () throws -> Void) throws -> Double {
        // What was freed goes back to the system, so that the growth shows. Glibc's module leaves malloc.h out.
        guard let symbol = dlsym(nil, "malloc_trim") else { throw BenchmarkError("no malloc_trim") }
        _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> CInt).self)(0)
        // Resets the high-water mark.
        try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
        let before = try kibibytes("VmRSS:")
        try body()
        return Double(try kibibytes("VmHWM:") - before) / 1024
    }

    private static func kibibytes(_ name: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        guard let value = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw BenchmarkError("no \(name) in /proc/self/status")
        }
        return value
    }
}
