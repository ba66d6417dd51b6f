import Storage
import Testing

@testable import Node

@Suite struct JournalWaitTests {
    @Test("a refused journal is tried again until it opens; each reason is told once")
    func waits() async throws {
        let full = JournalError.file(action: "write journal", path: "j", reason: "full")
        let gone = JournalError.vanished(path: "j")
        var answers: [JournalError?] = [full, full, gone, gone, gone, full, nil]
        var told: [JournalError] = []
        var pauses = 0
        let wait = JournalWait(refused: { told.append($0) }, sleep: { _ in pauses += 1 })
        let value = try await wait.run { () async throws(JournalError) in
            if let error = answers.removeFirst() { throw error }
            return 7
        }
        #expect(value == 7 && told == [full, gone, full] && pauses == 6)
    }

    @Test("the node's end ends the wait")
    func cancelled() async {
        let wait = JournalWait(refused: { _ in }, sleep: { _ in throw CancellationError() })
        await #expect(throws: CancellationError.self) {
            try await wait.run { () async throws(JournalError) -> Int in throw .missing(path: "j") }
        }
    }
}
