import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@testable import Storage

/// A crash is a copy of the files: the kernel keeps what was written, and of the log's end perhaps only a part.
@Suite struct JournalCrashTests {
    private let folder = Folder()

    private struct Files {
        var database: Data
        var log: Data
    }

    private func copy() throws -> Files {
        Files(
            database: try Data(contentsOf: URL(fileURLWithPath: folder.journal)),
            log: try Data(contentsOf: URL(fileURLWithPath: folder.journal + "-wal")))
    }

    /// How many duties, 0 ..< n without gaps, a node finds that starts on these files.
    private func survivors(_ files: Files) async throws -> Int {
        let crashed = Folder()
        try FileManager.default.createDirectory(
            at: URL(fileURLWithPath: crashed.journal).deletingLastPathComponent(), withIntermediateDirectories: true)
        try files.database.write(to: URL(fileURLWithPath: crashed.journal))
        try files.log.write(to: URL(fileURLWithPath: crashed.journal + "-wal"))
        // The copy stands for the file itself.
        _ = try Journal.adopt(crashed.journal, isComplete: true) { Instant(unixSeconds: 0) }
        let journal = try crashed.open()
        let snapshot = try await journal.load(where: everything)
        await journal.close()
        let count = snapshot.unsigned.count
        let duties = Set((0..<count).map { Duty.attester(slot: Slot(UInt64($0))) })
        // Each commit holds a whole duty: every table must tell the same prefix.
        #expect(Set(snapshot.unsigned.keys) == duties)
        #expect(Set(snapshot.votes.keys) == duties)
        #expect(Set(snapshot.voteValues.keys) == duties)
        #expect(Set(snapshot.partials.map(\.duty)) == duties)
        #expect(snapshot.partials.count == 4 * count)
        #expect(Set(snapshot.aggregated.keys) == duties)
        let newest = count == 0 ? [] : [key(0), key(1)].map { ($0, watermark(3, UInt64(count - 1), 8)) }
        #expect(snapshot.watermarks == Dictionary(uniqueKeysWithValues: newest))
        return count
    }

    @Test("finds every finished commit, with and without a checkpoint in between")
    func everyCommit() async throws {
        let journal = try folder.open()
        for slot in 0..<12 {
            try await journal.commit(records(Slot(UInt64(slot))))
            #expect(try await survivors(copy()) == slot + 1)
            if slot % 5 == 4 {
                try await journal.housekeep(at: 0)
                #expect(try await survivors(copy()) == slot + 1)
            }
        }
    }

    @Test("finds a prefix of the commits wherever the log is cut or torn", arguments: [UInt64(1), 2])
    func tornLog(seed: UInt64) async throws {
        let journal = try folder.open()
        for slot in 0..<4 { try await journal.commit(records(Slot(UInt64(slot)))) }
        try await journal.housekeep(at: 0)
        for slot in 4..<10 { try await journal.commit(records(Slot(UInt64(slot)))) }
        let files = try copy()
        var generator = SeededGenerator(seed: seed)
        let cuts = (0..<15).map { _ in Int.random(in: 0...files.log.count, using: &generator) }.sorted()
        var last = 0
        for cut in cuts {
            var torn = files
            torn.log = files.log.prefix(cut)
            let found = try await survivors(torn)
            #expect(found >= max(4, last) && found <= 10, "cut at \(cut), seed \(seed)")
            last = found

            // The file has its length, the last pages never reached the disk.
            torn.log = files.log.prefix(cut) + generator.bytes(files.log.count - cut)
            #expect(try await survivors(torn) == found, "torn at \(cut), seed \(seed)")
        }
    }

    @Test("finds every commit when the crash comes in the middle of a checkpoint", arguments: [UInt64(1), 2, 3])
    func tornCheckpoint(seed: UInt64) async throws {
        let journal = try folder.open()
        for slot in 0..<10 { try await journal.commit(records(Slot(UInt64(slot)))) }
        let before = try copy()
        try await journal.housekeep(at: 0)
        let after = try copy()
        #expect(after.database.count > before.database.count)
        let pages = before.database.count / 4096...after.database.count / 4096
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            var torn = before
            torn.database = after.database.prefix(
                Int.random(in: pages, using: &generator) * 4096)
            for page in 0..<torn.database.count / 4096 where Bool.random(using: &generator) {
                let range = page * 4096..<(page + 1) * 4096
                let old = page < before.database.count / 4096 ? before.database[range] : Data(count: 4096)
                torn.database.replaceSubrange(range, with: old)
            }
            #expect(try await survivors(torn) == 10, "seed \(seed)")
        }
    }
}
