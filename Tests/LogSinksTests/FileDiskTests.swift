import CZlib
import Ethereum
import Foundation
import TestSupport
import Testing

@testable import LogSinks

@Suite("the log file on a real disk")
struct FileDiskTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static func unzipped(_ path: String) throws -> [UInt8] {
        let stream = try #require(gzopen(path, "rb"))
        defer { gzclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = gzread(stream, &bytes, UInt32(bytes.count))
        return Array(bytes.prefix(Int(max(0, count))))
    }

    @Test("appends, also in directories that are not there, for its owner only")
    func appends() throws {
        var disk = FileDisk()
        let path = directory.file("a/b/styx.log")
        #expect(try disk.open(path) == 0)
        try disk.append(Array("one\n".utf8))
        disk.close()
        #expect(try disk.open(path) == 4)
        try disk.append(Array("two\n".utf8))
        #expect(text(try directory.read("a/b/styx.log")) == "one\ntwo\n")
        #expect(try directory.mode("a/b/styx.log") == 0o600)
        #expect(disk.isInPlace(path))
        disk.close()
    }

    @Test("sees that its file is gone, replaced or back")
    func inPlace() throws {
        var disk = FileDisk()
        let path = directory.file("styx.log")
        _ = try disk.open(path)
        try FileManager.default.removeItem(atPath: path)
        #expect(!disk.isInPlace(path))
        try directory.write("styx.log", [])
        #expect(!disk.isInPlace(path))
        disk.close()
        _ = try disk.open(path)
        #expect(disk.isInPlace(path))
        disk.close()
    }

    @Test("says what it cannot do")
    func faults() throws {
        var disk = FileDisk()
        #expect(throws: DiskFault.self) { try disk.open(directory.path) }
        let file = try directory.write("file", [1])
        #expect(throws: DiskFault.self) { try disk.open(file + "/styx.log") }
        #expect(throws: DiskFault(action: "open", path: "/dev/null", reason: "it is no plain file")) {
            try disk.open("/dev/null")
        }
        let none = directory.file("none")
        #expect(throws: DiskFault(action: "rename", path: none, reason: "No such file or directory")) {
            try disk.rename(none, to: none + "2")
        }
        #expect(throws: DiskFault(action: "open", path: none, reason: "No such file or directory")) {
            try disk.compress(none, to: none + ".gz")
        }
        #expect(directory.names == ["file"])
    }

    @Test("a whole life: written, put aside, compressed, ten kept")
    func life() throws {
        let path = directory.file("styx.log")
        var file = LogFile(path: path, bytesMax: 10_000, disk: FileDisk())
        let line = Array(String(repeating: "log ", count: 100).utf8) + [0x0a]
        for number in 0..<400 {
            let effects = file.append(
                line, count: 1, at: .now, wallTime: sampleTime + Duration.seconds(number))
            if effects.contains(.tidy) { #expect(file.backups.tidy(FileDisk()) == nil) }
        }
        let names = directory.names
        #expect(names.count == 11 && names.filter { $0.hasSuffix(".log.gz") }.count == 10)
        for name in names where name.hasSuffix(".gz") {
            let whole = try Self.unzipped(directory.file(name))
            #expect(whole == Array(repeatElement(line, count: 24).joined()))
            #expect(try directory.read(name).count < whole.count / 10)
        }
    }

    @Test("the writer's thread fills a file, with colours nowhere")
    func written() throws {
        let path = directory.file("logs/styx.log")
        let writer = LogWriter(name: path) {
            FileLog(path: path, .utc(.console)) { preconditionFailure("nothing goes wrong here") }
        }
        for number in 0..<3000 { writer.add(record("line \(number)", .debug)) }
        #expect(writer.close(within: .seconds(60)))
        let lines = text(try directory.read("logs/styx.log")).split(separator: "\n")
        #expect(lines.count == 3000 && lines.last == "16:30:05.123 DEBG p2p        line 2999")
    }
}
