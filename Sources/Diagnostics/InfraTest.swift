import Cluster
import Foundation

/// Whether the machine is fast and large enough. Source: spec/operations.md §4.2.
package struct InfraTest: Sendable {
    package struct Options: Sendable {
        /// Where the disk is tested.
        package var diskDirectory = NSHomeDirectory()
        package var blockKilobytes = 4096
        /// Where `fio` is looked for.
        package var searchPath = ProcessInfo.processInfo.environment["PATH"] ?? ""
        package var memoryFile = "/proc/meminfo"

        package init() {}

        /// - Parameter prefix: of the flags' names.
        package func validate(prefix: String) throws(DiagnosticsError) {
            guard (1...1 << 20).contains(blockKilobytes) else {
                throw .flag("\(prefix)disk-io-block-size-kb", "is \(blockKilobytes); use 1 to \(1 << 20)")
            }
            guard access(diskDirectory, W_OK | X_OK) == 0 else {
                throw .flag(
                    "\(prefix)disk-io-test-file-dir",
                    "is \(diskDirectory): \(String(cString: strerror(errno))); name a directory that can be written to")
            }
        }
    }

    /// Of Charon; they need a speed-test service on the Internet.
    package static let absentCases = ["InternetLatency", "InternetDownloadSpeed", "InternetUploadSpeed"]

    private let options: Options

    package init(_ options: Options) { self.options = options }

    package func test(selection: [String]) throws(DiagnosticsError) -> CategoryTest {
        let cases = [
            disk("DiskWriteSpeed", .write) { .measured($0.megabytesPerSecond, unit: "MB/s", .diskSpeed) },
            disk("DiskWriteIOPS", .write) { .measured($0.operationsPerSecond, unit: "", .diskOperations) },
            disk("DiskReadSpeed", .read) { .measured($0.megabytesPerSecond, unit: "MB/s", .diskSpeed) },
            disk("DiskReadIOPS", .read) { .measured($0.operationsPerSecond, unit: "", .diskOperations) },
            memory("AvailableMemory", "MemAvailable", .availableMemory),
            memory("TotalMemory", "MemTotal", .totalMemory),
        ]
        return try CategoryTest(.infra, [.init(name: "local", cases: cases)], selection: selection)
    }

    private func disk(
        _ name: String, _ direction: DiskLoad.Direction, _ judge: @escaping @Sendable (DiskLoad.Rate) -> Finding
    ) -> TestCase {
        TestCase(name) {
            guard let program = DiskLoad.program(in: options.searchPath) else {
                return .skipped("needs the program fio: install it (apt install fio) and test again")
            }
            let load = DiskLoad(
                program: program, directory: options.diskDirectory, blockKilobytes: options.blockKilobytes)
            return judge(try await load.run(direction))
        }
    }

    private func memory(_ name: String, _ row: String, _ limits: Limits) -> TestCase {
        TestCase(name) {
            let bytes = try FileAccess.read(options.memoryFile, bytesMax: 1 << 20)
            guard let kilobytes = Self.kilobytes(row, in: String(decoding: bytes, as: UTF8.self)) else {
                throw CaseFailure.unexpected("no \(row) in \(options.memoryFile)")
            }
            return .measured(Double(kilobytes / 1024), unit: "MB", limits)
        }
    }

    /// Of rows such as `MemTotal:  8000000 kB`. Source: proc(5).
    static func kilobytes(_ row: String, in text: String) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix(row + ":") {
            let words = line.dropFirst(row.count + 1).split(separator: " ")
            guard words.count == 2, words[1] == "kB" else { return nil }
            return UInt64(words[0])
        }
        return nil
    }
}
