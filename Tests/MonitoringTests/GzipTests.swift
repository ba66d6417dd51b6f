import Foundation
import TestSupport
import Testing

@testable import Monitoring

@Suite struct GzipTests {
    private static let hasGzip =
        FileManager.default.isExecutableFile(atPath: "/usr/bin/gzip")
        || FileManager.default.isExecutableFile(atPath: "/bin/gzip")

    /// Around the size of the buffer; what is random does not shrink, zeros do.
    @Test("gzip unpacks what was packed in pieces", .enabled(if: hasGzip), arguments: [0, 1, 65_536, 300_000])
    func roundTrip(size: Int) throws {
        let directory = try TemporaryDirectory()
        var generator = SeededGenerator(seed: 3)
        let pieces = [generator.bytes(size), [UInt8](repeating: 0, count: size), generator.bytes(7)]
        let gzip = Gzip()
        for piece in pieces { gzip.add(piece) }
        let packed = gzip.finish()
        #expect(packed.prefix(2) == [0x1f, 0x8b] && packed.count < 2 * size + 100)
        let path = try directory.write("a.gz", packed)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-d", path]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try directory.read("a") == Array(pieces.joined()))
    }
}
