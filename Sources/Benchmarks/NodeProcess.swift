import Foundation
import Program
import SSZ

/// `styx run` or `styx relay` as a process of its own, as operators run it, and what the kernel and its log say of it.
final class NodeProcess {
    private let process = Process()
    private let log: String
    let started: Int64

    /// - Parameters:
    ///   - program: path of `styx`.
    ///   - command: `run`, `relay`.
    ///   - log: file for its log.
    init(program: String, command: String = "run", arguments: [String], log: String) throws {
        self.log = log
        guard FileManager.default.createFile(atPath: log, contents: nil),
            let output = FileHandle(forWritingAtPath: log)
        else { throw BenchmarkError("open \(log)") }
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments =
            [command, "--log-level", "debug", "--log-format", "json"] + arguments
        process.environment = ProcessInfo.processInfo.environment.filter { name, _ in
            !name.hasPrefix("STYX_") && !name.hasPrefix("CHARON_")
        }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        started = Clock.wall.nanoseconds
        try process.run()
    }

    /// Asks it to end; insists after five seconds.
    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        let deadline = Clock.wall.nanoseconds + 5_000_000_000
        while process.isRunning, Clock.wall.nanoseconds < deadline { usleep(10_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    func requireRunning() throws {
        guard !process.isRunning else { return }
        throw BenchmarkError("a node ended: \(lines().suffix(3).joined(separator: " / "))")
    }

    // MARK: - The kernel's view. Source: proc(5)

    /// CPU time of all its threads so far, in steps of 10 ms.
    func cpuSeconds() throws -> Double {
        // The second field, the program's name, may contain spaces; it ends with the last parenthesis.
        let text = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            throw BenchmarkError("read /proc/\(process.processIdentifier)/stat")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Memory it holds now, MiB.
    func residentMiB() throws -> Double { try memory.mebibytes(.now) }

    var memory: ProcessMemory { ProcessMemory(of: process.processIdentifier) }

    // MARK: - Its own view

    var isReady: Bool { lines().contains { $0.contains("\"msg\":\"ready\"") } }

    /// Where a relay says that it listens; nil as long as it does not.
    var listening: String? { entries("listening").first?["address"]?.string }

    /// Peers it has reported as connected.
    var peers: Int {
        // The host logs the same with peer ids, for strangers too.
        Set(entries("peer connected").compactMap { $0["peer"]?.string.flatMap { Int($0) } }).count
    }

    /// Milliseconds from the start of consensus to its decision, by duty.
    func decided() -> [String: Double] { times("consensus decided", "took") }

    /// The round of consensus that decided, by duty.
    func rounds() -> [String: Int] {
        Dictionary(
            entries("consensus decided").compactMap { entry in
                guard let duty = entry["duty"]?.string, let round = entry["round"]?.string.flatMap({ Int($0) }) else {
                    return nil
                }
                return (duty, round)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Milliseconds from the decision until the beacon node had taken all group signatures, by duty.
    func broadcast() -> [String: Double] { times("duty done", "since_decided") }

    /// What the process did from the start of each duty to its end: changes of thread by kind, and commits.
    func work() -> [String: DutyWork] {
        var started: [String: DutyWork] = [:]
        var work: [String: DutyWork] = [:]
        for entry in entries("work so far") {
            guard let duty = entry["duty"]?.string, let total = DutyWork(entry) else { continue }
            if entry["moment"]?.string == "started" { started[duty] = total }
            if entry["moment"]?.string == "done", let before = started[duty] { work[duty] = total - before }
        }
        return work
    }

    /// Milliseconds that each duty waited for the disk, until the node was done with it.
    func waits() -> [String: Double] {
        var waits: [String: Double] = [:]
        for entry in entries("work so far") where entry["moment"]?.string == "done" {
            guard let duty = entry["duty"]?.string,
                let time = entry["waited_for_disk"]?.string.flatMap(GoDuration.parse)
            else { continue }
            waits[duty] = time / .milliseconds(1)
        }
        return waits
    }

    /// Transactions of its journal until a duty started; nil if it did not.
    func commits(until duty: String) -> Double? {
        let started = entries("work so far").first {
            $0["duty"]?.string == duty && $0["moment"]?.string == "started"
        }
        return started?["commits"]?.string.flatMap { Double($0) }
    }

    private func times(_ message: String, _ field: String) -> [String: Double] {
        var times: [String: Double] = [:]
        for entry in entries(message) {
            guard let duty = entry["duty"]?.string, let time = entry[field]?.string.flatMap(GoDuration.parse) else {
                continue
            }
            times[duty] = time / .milliseconds(1)
        }
        return times
    }

    private func entries(_ message: String) -> [JSONValue] {
        lines().filter { $0.contains("\"msg\":\"\(message)\"") }.compactMap { try? JSONValue(parsing: String($0)) }
    }

    private func lines() -> [Substring] {
        ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(separator: "\n")
    }
}
