import Foundation
import Glibc
import Program
import SSZ
import Synchronization

/// One node's processes, one after the other, and what of the wire stands for them.
final class Seat: Sendable {
    /// How a life ended.
    enum End: Hashable, Sendable {
        /// By the order it was given.
        case atPoint
        /// By us.
        case killed
        /// By itself, which it should not.
        case other(String)
    }

    private struct State {
        var process: Process?
        /// Sent by us in this life.
        var isKilled = false
        var end: End?
        /// Of its log, where this life begins.
        var logStart: UInt64 = 0
        var isReady = false
    }

    /// The mutant that loses its journal with every life; the others are the nodes' own.
    static let forgetful = "lose-journal"

    let index: Int
    private let program: String
    private let arguments: [String]
    private let mutant: String?
    private let journal: String
    private let log: String
    private let port: Int
    private let wire: Wiretap
    private let state = Mutex(State())
    private let orders: AsyncStream<KillSchedule.Blow?>
    private let give: AsyncStream<KillSchedule.Blow?>.Continuation

    init(
        _ index: Int, program: String, arguments: [String], mutant: String?, journal: String, log: String, port: Int,
        wire: Wiretap
    ) {
        (self.index, self.program, self.arguments, self.mutant) = (index, program, arguments, mutant)
        (self.journal, self.log, self.port, self.wire) = (journal, log, port, wire)
        (orders, give) = AsyncStream.makeStream()
    }

    /// Sees to the lives that are ordered, until cancelled; none outlives it.
    func run() async throws {
        for await blow in orders {
            let process = try spawn(blow)
            defer { _ = Glibc.kill(process.processIdentifier, SIGKILL) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Peers would take it for connected before it listens, and what they say then would be late.
                group.addTask {
                    while !Self.listens(self.port) { try await Task.sleep(for: .milliseconds(20)) }
                    try await self.wire.stand(for: self.index)
                }
                group.addTask {
                    while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
                }
                try await group.next()
                group.cancelAll()
                while let result = await group.nextResult() {
                    if case .failure(let error) = result, !(error is CancellationError) { throw error }
                }
            }
            state.withLock { state in
                state.end = Self.end(of: process, blow, isKilled: state.isKilled)
                state.process = nil
            }
        }
    }

    func start(_ blow: KillSchedule.Blow? = nil) {
        state.withLock { state in
            state.end = nil
            state.isKilled = false
        }
        give.yield(blow)
    }

    /// - Returns: false if there is nothing to kill.
    @discardableResult func kill() -> Bool {
        state.withLock { state in
            guard let process = state.process, process.isRunning else { return false }
            state.isKilled = true
            return Glibc.kill(process.processIdentifier, SIGKILL) == 0
        }
    }

    /// Nil while it lives.
    var end: End? { state.withLock { $0.end } }

    /// Whether this life's log says so.
    var isReady: Bool {
        let (start, isKnown) = state.withLock { ($0.process == nil ? nil : $0.logStart, $0.isReady) }
        if start != nil, isKnown { return true }
        guard let start, let file = FileHandle(forReadingAtPath: log) else { return false }
        defer { try? file.close() }
        guard (try? file.seek(toOffset: start)) != nil, let bytes = try? file.readToEnd() else { return false }
        guard String(decoding: bytes, as: UTF8.self).contains("\"msg\":\"ready\"") else { return false }
        state.withLock { if $0.logStart == start { $0.isReady = true } }
        return true
    }

    // MARK: The process

    private func spawn(_ blow: KillSchedule.Blow?) throws -> Process {
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        if mutant == Self.forgetful {
            for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: journal + end) }
        }
        guard let output = FileHandle(forWritingAtPath: log) else { throw MatrixError("open \(log)") }
        let offset = try output.seekToEnd()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["run", "--log-level", "info", "--log-format", "json"] + arguments
        var environment = ProcessInfo.processInfo.environment.filter { name, _ in
            !name.hasPrefix("STYX_") && !name.hasPrefix("CHARON_")
        }
        if let blow { environment["STYX_KILL_AT"] = "\(blow.point):\(blow.pass)" }
        environment["STYX_KILL_MUTANT"] = mutant
        // A trap should end the process, not have it write about itself for seconds.
        environment["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try output.close()
        state.withLock { state in
            state.process = process
            state.logStart = offset
            state.isReady = false
        }
        return process
    }

    private static func end(of process: Process, _ blow: KillSchedule.Blow?, isKilled: Bool) -> End {
        let isSignal = process.terminationReason == .uncaughtSignal
        guard isSignal, process.terminationStatus == SIGKILL else {
            return .other("\(isSignal ? "signal" : "status") \(process.terminationStatus)")
        }
        if isKilled { return .killed }
        return blow == nil ? .other("SIGKILL of somebody else") : .atPoint
    }

    private static func listens(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// Why a run cannot go on.
package struct MatrixError: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
