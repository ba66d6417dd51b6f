import Cluster
import Foundation
import SSZ

/// Load on a disk, by the program `fio`: 8 jobs with 4096 MB in all. Source: spec/operations.md §4.2.
struct DiskLoad: Sendable {
    enum Direction: String, Sendable {
        case read, write
    }

    struct Rate: Hashable, Sendable {
        let megabytesPerSecond: Double
        let operationsPerSecond: Double

        /// What `fio --output-format=json` writes with all jobs reported as one.
        init(report: [UInt8], _ direction: Direction) throws(CaseFailure) {
            // Warnings may stand before it.
            guard let start = report.firstIndex(of: UInt8(ascii: "{")),
                let jobs = (try? JSONValue(parsing: Array(report[start...])))?["jobs"]?.array, let job = jobs.first,
                let bytes = Self.number(job[direction.rawValue]?["bw_bytes"]),
                let operations = Self.number(job[direction.rawValue]?["iops"])
            else { throw .unexpected("fio's report cannot be read") }
            megabytesPerSecond = bytes / 1e6
            operationsPerSecond = operations
        }

        private static func number(_ value: JSONValue?) -> Double? {
            guard case .number(let text)? = value, let number = Double(text), (0...1e15).contains(number) else {
                return nil
            }
            return number
        }
    }

    private static let jobs = 8
    private static let megabytes = 4096
    private static let reportBytesMax = 1 << 20

    /// Path of `fio`.
    let program: String
    let directory: String
    let blockKilobytes: Int

    /// - Parameter searchPath: directories, separated by colons.
    static func program(in searchPath: String) -> String? {
        searchPath.split(separator: ":").map { FileAccess.join(String($0), "fio") }.first { access($0, X_OK) == 0 }
    }

    /// The test files and the report are gone afterwards, unless the process is killed.
    func run(_ direction: Direction) async throws -> Rate {
        let name = "styx-disk-test-\(UUID().uuidString)"
        let report = FileAccess.join(directory, name + ".json")
        defer {
            unlink(report)
            for job in 0..<Self.jobs { unlink(FileAccess.join(directory, "\(name).\(job).0")) }
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "--name=\(name)", "--directory=\(directory)", "--rw=\(direction.rawValue)", "--bs=\(blockKilobytes)k",
            "--numjobs=\(Self.jobs)", "--size=\(Self.megabytes / Self.jobs)M", "--direct=1", "--unlink=1",
            "--group_reporting", "--output-format=json", "--output=\(report)",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let running = RunningProcess(process)
        let status = try await running.untilExit()
        try Task.checkCancellation()
        guard status == 0 else { throw CaseFailure.unexpected("fio ended with status \(status)") }
        return try Rate(report: try FileAccess.read(report, bytesMax: Self.reportBytesMax), direction)
    }
}
