import SSZ
import TestSupport
import Testing

@testable import Diagnostics

@Suite struct CategoryResultTests {
    @Test("the file's form: members in order, empty ones left out but for error and execution_time")
    func golden() throws {
        var file = ResultFile()
        for result in [Samples.none, Samples.validator, Samples.beacon] { file.merge(result) }
        #expect(file.json == (try Fixtures.json("results.json")))
    }

    @Test("the report: score, a line of 64 columns and more for each case, suggestions, time")
    func text() {
        let lines = Samples.beacon.text.split(separator: "\n").map(String.init)
        #expect(lines.contains("beacon test: score C"))
        for line in [
            "TEST NAME".padded + "RESULT", "http://127.0.0.1:5051", "Ping".padded + "OK",
            "PingMeasure".padded + "1.234ms Good", "PeerCount".padded + "19 Poor",
            "PingLoad".padded + "Skip - only with --load-test",
            "Ping".padded + "Fail - no connection: \"refused\"", "* Ping: start it", "total time: 1.5s",
        ] {
            #expect(lines.contains(line), "\(line)\n\(Samples.beacon.text)")
        }
        #expect(Samples.none.text.contains("mev test: score -"))
        #expect(!Samples.validator.text.contains("SUGGESTIONS"))
    }

    @Test("what others wrote cannot move the cursor")
    func controls() {
        let finding = Finding(verdict: .ok, measurement: "x\u{1b}[2J\r")
        let result = CategoryResult(
            category: .beacon, targets: [("t", [CaseResult(name: "Version", finding: finding)])], executionTime: .zero)
        #expect(!result.text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }
}

extension String {
    fileprivate var padded: String { self + String(repeating: " ", count: 64 - count) }
}
