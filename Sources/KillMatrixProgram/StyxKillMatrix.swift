import ArgumentParser
import Foundation
import KillMatrix
import Program

@main
struct StyxKillMatrix: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "styx-kill-matrix",
        abstract: "Kill nodes at random and between their effects, and listen whether any contradicts itself.",
        discussion: """
            Needs debug builds of this program and of styx, side by side: a release has no kill points. The same seed \
            kills the same nodes at the same points. The exit status is not zero after any contradiction, or when \
            duties are missing although a quorum was up.
            """)

    @Option(help: "How often a node is killed.") var kills = 30
    @Option(help: "Of the schedule.") var seed: UInt64 = 1
    @Option(help: "Length of a slot in seconds, 1 to 60.") var slotSeconds = 4
    @Option(help: "Kill points, comma-separated; all of them if not given. --list names them.") var points = ""
    @Flag(help: "Name the kill points and end.") var list = false
    @Option(
        help: """
            A fault to plant in the nodes, which has to be heard: release-early (effects happen before their records \
            are durable) or lose-journal (each life begins without one).
            """)
    var mutant: String?
    @Option(help: "The styx to run; the one beside this program if not given.") var styx: String?
    @Flag(help: "Keep the folder with keys, journals and logs.") var keep = false

    func validate() throws {
        guard !KillPoints.names.isEmpty else {
            throw ValidationError("this is a release build, which has no kill points: use a debug build")
        }
        guard (1...1_000_000).contains(kills) else { throw ValidationError("--kills must be 1 to 1000000") }
        guard (1...60).contains(slotSeconds) else { throw ValidationError("--slot-seconds must be 1 to 60") }
        if let unknown = wanted.first(where: { !KillPoints.names.contains($0) }) {
            throw ValidationError("--points has \(unknown): the points are \(KillPoints.names.joined(separator: ", "))")
        }
        if let mutant, !["release-early", "lose-journal"].contains(mutant) {
            throw ValidationError("--mutant is \(mutant): write release-early or lose-journal")
        }
    }

    private var wanted: [String] {
        points.isEmpty ? KillPoints.names : points.split(separator: ",").map(String.init)
    }

    func run() async throws {
        if list { return print(KillPoints.names.joined(separator: "\n")) }
        // Beside the program: on a disk, not in memory.
        let own = URL(fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let beside = own.deletingLastPathComponent()
        let directory = beside.appendingPathComponent(
            "styx-kill-matrix.\(ProcessInfo.processInfo.processIdentifier)"
        ).path
        var options = KillMatrix.Options(
            program: styx ?? beside.appendingPathComponent("styx").path, directory: directory)
        guard FileManager.default.isExecutableFile(atPath: options.program) else {
            throw ValidationError("\(options.program) is missing: swift build --product styx")
        }
        options.kills = kills
        options.seed = seed
        options.points = wanted
        options.mutant = mutant
        options.slotDuration = .seconds(slotSeconds)
        var isGood = false
        defer {
            if keep || !isGood {
                print("kill-matrix: keys, journals and logs are in \(directory)")
            } else {
                try? FileManager.default.removeItem(atPath: directory)
            }
        }
        let matrix = try KillMatrix(options) { say("kill-matrix: " + $0) }
        let summary = try await summary(of: matrix)
        isGood = summary.verdict == nil
        say("kill-matrix: seed \(seed), mutant \(mutant ?? "none")")
        for line in summary.lines { say(line) }
        if !isGood { throw ExitCode(1) }
    }
}

/// Ends all nodes also when interrupted.
private func summary(of matrix: KillMatrix) async throws -> MatrixSummary {
    try await withThrowingTaskGroup(of: MatrixSummary?.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await matrix.run() }
        group.addTask {
            await Interruption.wait()
            return nil
        }
        guard let summary = try await group.next() ?? nil else {
            throw ValidationError("interrupted; nothing was judged")
        }
        return summary
    }
}

/// At once, also into a pipe.
@Sendable
private func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}
