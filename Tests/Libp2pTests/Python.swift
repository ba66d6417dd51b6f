import Foundation
import Synchronization

/// A run of Scripts/p2p_interop.py.
final class Python: Sendable {
    static let interpreter = ProcessInfo.processInfo.environment["STYX_PYLIBP2P"]

    private let process: Mutex<Process>
    private let input = Pipe()
    private let lines: AsyncStream<String>

    init(_ mode: String, _ keyByte: UInt8, _ arguments: [String] = []) throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Scripts/p2p_interop.py").path
        let secret = String(repeating: String(keyByte, radix: 16).leftPadded, count: 32)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.interpreter ?? "/usr/bin/false")
        process.arguments = [script, mode, secret] + arguments
        process.standardInput = input
        let output = Pipe()
        process.standardOutput = output
        let (lines, sink) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        let text = Mutex("")
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            guard !data.isEmpty else {
                handle.readabilityHandler = nil
                return sink.finish()
            }
            text.withLock { text in
                text += String(decoding: data, as: UTF8.self)
                while let end = text.firstIndex(of: "\n") {
                    sink.yield(String(text[..<end]))
                    text = String(text[text.index(after: end)...])
                }
            }
        }
        try process.run()
        self.process = Mutex(process)
    }

    /// The next line of its standard output.
    func line() async throws -> String {
        for await line in lines { return line }
        throw CancellationError()
    }

    /// Ends its standard input, which ends the program.
    func stop() {
        try? input.fileHandleForWriting.close()
        process.withLock { $0.waitUntilExit() }
    }

    static func run(_ mode: String, _ keyByte: UInt8, _ arguments: String...) async throws -> String {
        let python = try Python(mode, keyByte, arguments)
        defer { python.stop() }
        return try await python.line()
    }
}

extension String {
    fileprivate var leftPadded: String { count < 2 ? "0" + self : self }
}
