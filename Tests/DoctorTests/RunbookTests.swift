import Foundation
import Testing

@testable import Doctor

@Suite("the runbook")
struct RunbookTests {
    @Test("has one entry for every finding, and none for others")
    func entries() throws {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("docs/runbook.md"), encoding: .utf8)
        let headings = text.split(separator: "\n").compactMap { line in
            line.wholeMatch(of: /### ([a-z]+(?:-[a-z]+)+)/).map { String($0.output.1) }
        }
        #expect(headings.sorted() == FindingID.allCases.map(\.rawValue).sorted())
    }
}
