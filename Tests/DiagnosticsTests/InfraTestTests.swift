import Foundation
import TestSupport
import Testing

@testable import Diagnostics

@Suite struct InfraTestTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// A stand-in for fio: notes its arguments, and writes this report.
    private func installFio(_ report: String, status: Int = 0) throws {
        let script = """
            #!/bin/sh
            for argument in "$@"; do
                case $argument in --output=*) output=${argument#--output=} ;; esac
            done
            echo "$@" >> '\(directory.file("arguments"))'
            cat > "$output" <<'END'
            \(report)
            END
            exit \(status)
            """
        let path = try directory.write("bin/fio", Array(script.utf8))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    private func results(
        memory: String = "MemTotal:  8192000 kB\nMemFree: 5 kB\nMemAvailable:  4095 kB\n", selection: [String] = []
    ) async throws -> [CaseResult] {
        var options = InfraTest.Options()
        options.diskDirectory = directory.path
        options.searchPath = directory.file("bin")
        options.memoryFile = try directory.write("meminfo", Array(memory.utf8))
        let clock = TestClock().clock
        let result = try await InfraTest(options).test(selection: selection).run(timeout: .seconds(3600), clock: clock)
        #expect(result.targets.map(\.name) == ["local"])
        return result.targets.flatMap(\.results)
    }

    private static let report =
        #"{"jobs":[{"read":{"bw_bytes":1500000000,"iops":1999.5},"write":{"bw_bytes":499999999,"iops":2000.000000}}]}"#

    @Test("without fio the disk's cases are skipped, with the cure; memory is judged")
    func noFio() async throws {
        let results = try await results()
        #expect(
            results.map(\.name) == [
                "DiskWriteSpeed", "DiskWriteIOPS", "DiskReadSpeed", "DiskReadIOPS", "AvailableMemory", "TotalMemory",
            ])
        for result in results.prefix(4) {
            #expect(result.verdict == .skip && result.finding.error.contains("apt install fio"))
        }
        #expect(results[4].finding == Finding(verdict: .poor, measurement: "3MB"))
        #expect(results[5].finding == Finding(verdict: .good, measurement: "8000MB"))
    }

    @Test("fio's figures are judged, each by its own limits, and its files are gone")
    func disk() async throws {
        try installFio(Self.report)
        let results = try await results()
        #expect(
            results.prefix(4).map(\.finding) == [
                Finding(verdict: .poor, measurement: "500MB/s"), Finding(verdict: .good, measurement: "2000"),
                Finding(verdict: .good, measurement: "1500MB/s"), Finding(verdict: .average, measurement: "2000"),
            ])
        #expect(Set(directory.names) == ["arguments", "bin", "bin/fio", "meminfo"])
        let runs = String(decoding: try directory.read("arguments"), as: UTF8.self).split(separator: "\n")
        #expect(runs.map { $0.contains("--rw=write") } == [true, true, false, false])
        for run in runs {
            for argument in ["--bs=4096k", "--numjobs=8", "--size=512M", "--direct=1", "--directory=\(directory.path)"]
            {
                #expect(run.split(separator: " ").contains { $0 == argument }, "\(argument)")
            }
        }
    }

    @Test(
        "a report that is none fails the case",
        arguments: [
            "", "{}", #"{"jobs":[]}"#, #"{"jobs":[{"write":{"bw_bytes":"x","iops":1}}]}"#,
            #"{"jobs":[{"write":{"bw_bytes":1e99,"iops":1}}]}"#,
        ])
    func malformed(report: String) async throws {
        try installFio(report)
        let result = try #require(try await results(selection: ["DiskWriteSpeed"]).first)
        #expect(result.verdict == .fail && result.finding.error.contains("fio's report"))
    }

    @Test("a fio that fails is told with its status")
    func failing() async throws {
        try installFio(Self.report, status: 3)
        let result = try #require(try await results(selection: ["DiskReadIOPS"]).first)
        #expect(result.verdict == .fail && result.finding.error.contains("status 3"))
        #expect(!directory.names.contains { $0.contains("styx-disk-test") })
    }

    @Test("warnings before fio's report are no part of it")
    func warnings() throws {
        let rate = try DiskLoad.Rate(report: Array(("fio: note\n" + Self.report).utf8), .read)
        #expect(rate.megabytesPerSecond == 1500 && rate.operationsPerSecond == 1999.5)
    }

    @Test("memory that cannot be read fails", arguments: ["", "MemTotal: x kB", "MemTotal: 5", "MemTotal: 5 MB"])
    func memory(text: String) async throws {
        let result = try #require(try await results(memory: text, selection: ["TotalMemory"]).first)
        #expect(result.verdict == .fail && result.finding.error.contains("no MemTotal"))
    }

    @Test("flags out of range are named, with the cure")
    func validate() {
        for (change, flag) in [
            ({ $0.blockKilobytes = 0 }, "--infra-disk-io-block-size-kb"),
            ({ $0.diskDirectory = "/nowhere" }, "--infra-disk-io-test-file-dir"),
        ] as [((inout InfraTest.Options) -> Void, String)] {
            var options = InfraTest.Options()
            options.diskDirectory = directory.path
            change(&options)
            let error = #expect(throws: DiagnosticsError.self) { try options.validate(prefix: "infra-") }
            #expect(error?.description.contains(flag) == true)
        }
    }
}
