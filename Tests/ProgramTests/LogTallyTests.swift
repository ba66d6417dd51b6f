import Foundation
import Testing

@testable import Program

@Suite("warnings and errors are counted by topic")
struct LogTallyTests {
    @Test("each on its own, and topics of nobody together")
    func counts() {
        LogTally.note(.warning, topic: "bmock")
        LogTally.note(.warning, topic: "bmock")
        LogTally.note(.error, topic: "bmock")
        #expect(LogTally.counts["bmock"]?.warnings == 2 && LogTally.counts["bmock"]?.errors == 1)
        for number in 0..<1000 { LogTally.note(.error, topic: "tally-\(number)") }
        #expect(LogTally.counts.count <= LogTopics.known.count + 1)
        #expect(LogTally.counts[LogTopics.other]?.errors == 1000)
    }

    @Test("what did not reach Loki never falls")
    func loki() {
        LogTally.noteLoki(dropped: 7)
        LogTally.noteLoki(dropped: 5)
        #expect(LogTally.lokiDropped == 7)
    }

    @Test("every logger's topic is in the table: others would be counted together")
    func table() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let sources = root.appendingPathComponent("Sources").path
        var found = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: sources) where name.hasSuffix(".swift") {
            guard !name.hasPrefix("Benchmarks/") else { continue }
            let text = try String(contentsOfFile: "\(sources)/\(name)", encoding: .utf8)
            // Without word boundaries: Unicode has none within `Self.topic`.
            for match in text.matches(of: /(?:topic\(|Logger\(label: )"([^"\\]+)"/) {
                found += 1
                #expect(LogTopics.known.contains(String(match.output.1)), "\(name): \(match.output.1)")
            }
        }
        #expect(found > 20)
    }
}
