import Foundation

/// The built program as a process of its own.
enum Program {
    struct Outcome {
        /// Standard output and error.
        let text: String
        let status: Int32
    }

    /// Beside the test program.
    private static let path = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("styx").path

    /// Runs it to its end, or until it has written `enough`: then it is asked to stop, as by an orchestrator.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], in directory: String, until enough: String? = nil,
        and isReady: () -> Bool = { true }
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment.merging(["PATH": "/usr/bin:/bin", "HOME": directory]) { first, _ in first }
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // Whatever goes wrong, the pipe is closed one day.
        let watchdog = DispatchWorkItem { kill(process.processIdentifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 120, execute: watchdog)
        var bytes = Data()
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var isAsked = false
        while true {
            // Not `availableData`, which traps when a signal interrupts it.
            let count = read(pipe.fileHandleForReading.fileDescriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            bytes.append(contentsOf: chunk[..<count])
            if let enough, !isAsked, bytes.range(of: Data(enough.utf8)) != nil {
                isAsked = true
                while !isReady(), process.isRunning { usleep(10_000) }
                process.terminate()
            }
        }
        process.waitUntilExit()
        watchdog.cancel()
        return Outcome(text: String(decoding: bytes, as: UTF8.self), status: process.terminationStatus)
    }
}
