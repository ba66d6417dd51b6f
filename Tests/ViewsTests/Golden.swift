import Foundation
import Testing

/// Files of `Fixtures`, rewritten with `UPDATE_GOLDEN=1` and reviewed as text.
enum Golden {
    static func check(_ text: String, _ name: String) throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try Data(text.utf8).write(to: url)
        }
        #expect(try String(contentsOf: url, encoding: .utf8) == text, "\(name): compare, then UPDATE_GOLDEN=1")
    }
}
