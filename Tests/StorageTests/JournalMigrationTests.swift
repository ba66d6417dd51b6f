import DutyWorkflow
import Ethereum
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Storage

/// `Fixtures/journal-v1.sql` was dumped from a journal that version 1 wrote: duty 10 expired, duty 11 whole, duty 12
/// with our unsent shares and one of a peer.
@Suite struct JournalMigrationTests {
    private let folder = Folder()

    private func makeFirstVersion(_ change: String = "") throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/journal-v1.sql")
        try FileManager.default.createDirectory(
            at: URL(fileURLWithPath: folder.journal).deletingLastPathComponent(), withIntermediateDirectories: true)
        let database = try DatabaseQueue(path: folder.journal)
        let sql = try String(contentsOf: script, encoding: .utf8)
            .replacing("BEGIN TRANSACTION;", with: "").replacing("COMMIT;", with: "")
        try database.write { try $0.execute(sql: sql + change) }
        try database.close()
    }

    @Test("a journal of the first version keeps all that is still of use")
    func migrates() async throws {
        try makeFirstVersion()
        var journal = try folder.open()
        for _ in 0..<2 {
            #expect(!journal.isNew && journal.createdAt == nil)
            let snapshot = try await journal.load(where: everything)
            #expect(snapshot.closed == [.attester(slot: 10)])
            let duty = Duty.attester(slot: 11)
            let set = values(11, 2)
            let votes = [vote(.prepare, set.valueHash()), vote(.commit, set.valueHash(), justified: 3)]
            #expect(snapshot.votes == [duty: votes])
            #expect(snapshot.voteValues == [duty: [set.valueHash(): .duties(set)]])
            #expect(snapshot.unsigned == [duty: set])
            #expect(snapshot.aggregated[duty]?.count == 2)
            #expect(snapshot.broadcast == [duty: [entry(0)]])
            #expect(snapshot.watermarks == [key(0): watermark(3, 11, 8), key(1): watermark(3, 11, 8)])
            var expected = Set(
                [1, 2].flatMap { index in partials(11, 2, share: index).map { row(11, $0, $1, .aggregated) } })
            expected.formUnion(partials(12, 2, share: 1).map { row(12, $0, $1, .internal) })
            expected.formUnion(partials(12, 1, share: 3, signature: 6).map { row(12, $0, $1, .broadcasted) })
            #expect(Set(snapshot.partials) == expected)
            try await journal.commit(records(11))
            await journal.close()
            journal = try folder.open()
        }
    }

    private func row(_ slot: Slot, _ key: EntryKey, _ partial: ParSignedData, _ status: PartialStatus)
        -> JournalSnapshot.Partial
    {
        JournalSnapshot.Partial(duty: .attester(slot: slot), key: key, partial: partial, status: status)
    }

    @Test("that is jammed with peers' partials opens, gives up what it must, and works again")
    func jammed() async throws {
        try makeFirstVersion(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
            INSERT INTO par_sig_db
                (created_at, updated_at, slot, duty_type, pub_key, data, signature, share_index, status)
                SELECT 1, 1, 1000 + i, duty_type, pub_key, data, signature, 4, 1 FROM par_sig_db, n WHERE id = 11;
            """)
        let journal = try folder.open(bytesMax: 200_000)
        try await journal.commit(records(13))
        let snapshot = try await journal.load(where: everything)
        #expect(snapshot.votes.count == 2)
        #expect(snapshot.partials.count { $0.status == .internal } == 2)
        #expect(snapshot.partials.count { $0.duty.slot >= 1000 } < 300)
    }

    @Test("with a partial that does not decode is refused and left as it is")
    func damaged() async throws {
        try makeFirstVersion("UPDATE par_sig_db SET data = x'00' WHERE id = 11;")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.journal))
        let error = #expect(throws: JournalError.self) { try folder.open() }
        #expect(error?.description.contains("table par_sig_db, row 11") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.journal)).count == bytes.count)
    }
}
