import Foundation
import TestSupport
import Testing

@testable import ClusterSetup

@Suite struct TarArchiveTests {
    private static let hasTar =
        FileManager.default.isExecutableFile(atPath: "/usr/bin/tar")
        || FileManager.default.isExecutableFile(atPath: "/bin/tar")

    static func tar(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["tar"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    /// Sizes around the block of 512 bytes, and one larger than the reading buffer.
    @Test("tar unpacks what was packed, with modes", .enabled(if: hasTar))
    func roundTrip() throws {
        let directory = try TemporaryDirectory()
        var generator = SeededGenerator(seed: 2)
        var entries = [(path: directory.file("in/d"), name: "d")]
        for size in [0, 1, 511, 512, 513, 70_000] {
            let path = try directory.write("in/d/f\(size)", generator.bytes(size))
            try FileManager.default.setAttributes([.posixPermissions: size == 1 ? 0o400 : 0o644], ofItemAtPath: path)
            entries.append((path, "d/f\(size)"))
        }
        let archive = directory.file("a.tar.gz")
        try TarArchive.write(archive, entries, now: Samples.now)
        #expect(try directory.mode("a.tar.gz") == 0o600)
        try FileManager.default.createDirectory(atPath: directory.file("out"), withIntermediateDirectories: true)
        let result = try Self.tar(["-xzpf", archive, "-C", directory.file("out")])
        #expect(result.status == 0 && result.output.isEmpty, "\(result.output)")
        for size in [0, 1, 511, 512, 513, 70_000] {
            #expect(try directory.read("out/d/f\(size)") == directory.read("in/d/f\(size)"))
            #expect(try directory.mode("out/d/f\(size)") == (size == 1 ? 0o400 : 0o644))
        }
    }

    @Test("never replaces a file, and leaves none behind after a failure")
    func failures() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("there", [1])
        #expect(throws: (any Error).self) { try TarArchive.write(path, [], now: Samples.now) }
        #expect(try directory.read("there") == [1])
        #expect(throws: (any Error).self) {
            try TarArchive.write(directory.file("new"), [("/nowhere", "x")], now: Samples.now)
        }
        let long = String(repeating: "n", count: 101)
        #expect(throws: (any Error).self) {
            try TarArchive.write(directory.file("new"), [(path, long)], now: Samples.now)
        }
        #expect(directory.names == ["there"])
    }
}
