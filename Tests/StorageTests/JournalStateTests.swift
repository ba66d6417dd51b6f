import Ethereum
import Testing

@testable import Storage

@Suite struct JournalStateTests {
    private let folder = Folder()

    @Test("tells tables, sizes and the last commit")
    func inspects() async throws {
        let journal = try folder.open()
        let empty = try await journal.inspect()
        #expect(empty.timings.lastAt == nil && empty.timings.recent.isEmpty && empty.failure == nil)
        #expect(empty.rows["duty_db"] == 0 && empty.path == folder.journal && empty.schema == Schema.version)
        try await journal.commit(records(10))
        let state = try await journal.inspect()
        #expect(state.rows["duty_db"] == 2 && state.rows["attestation_watermark"] == 2)
        #expect(state.timings.lastAt == Instant(unixSeconds: 1_700_000_000) && state.timings.recent.count == 1)
        #expect(state.fileBytes > 0 && state.logBytes > 0 && state.metrics.commits == 1)
        #expect(state.createdAt == Instant(unixSeconds: 1_700_000_000))
        await journal.close()
        await #expect(throws: JournalError.self) { try await journal.inspect() }
    }

    @Test("keeps the times of the last commits alone")
    func timings() {
        var timings = CommitTimings()
        for number in 0..<100 as Range<UInt64> {
            timings.note(.milliseconds(Int64(number)), at: Instant(unixSeconds: number))
        }
        #expect(timings.recent.count == 64 && timings.recent.first == .milliseconds(36))
        #expect(timings.lastAt == Instant(unixSeconds: 99))
    }
}
