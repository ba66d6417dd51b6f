import Foundation

/// What the kernel says of a process's memory. Source: proc(5).
struct ProcessMemory {
    enum Reading: String {
        case now = "VmRSS:"
        /// The most since `forgetPeak`.
        case peak = "VmHWM:"
    }

    private let folder: String

    init(of process: pid_t) { folder = "/proc/\(process)" }

    func mebibytes(_ reading: Reading) throws -> Double {
        let text = try String(contentsOfFile: folder + "/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix(reading.rawValue) }
        guard let kilobytes = line?.split(separator: " ").dropLast().last.flatMap({ Double($0) }) else {
            throw BenchmarkError("read \(reading.rawValue) in \(folder)/status")
        }
        return kilobytes / 1024
    }

    func forgetPeak() throws { try "5".write(toFile: folder + "/clear_refs", atomically: false, encoding: .utf8) }
}
