import DutyWorkflow
import Ethereum
import Foundation
import GRDB
import SSZ
import Testing

@testable import Storage

/// A journal that may know less than was signed: refused by name, until its operator says that it is to be the one.
@Suite struct JournalIdentityTests {
    private let folder = Folder()
    private let manager = FileManager.default
    private var path: String { folder.journal }

    private func write(_ slots: Range<UInt64>, housekeeping: Bool = true) async throws {
        let journal = try folder.open()
        for slot in slots {
            try await journal.commit(records(Slot(slot)))
            if housekeeping { try await journal.housekeep(at: 0) }
        }
        await journal.close()
    }

    /// Writes over the file, which stays the same file: `cp old.sqlite journal.sqlite`.
    private func putBack(_ bytes: Data) throws { try bytes.write(to: URL(fileURLWithPath: path)) }

    private func adopt(complete: Bool = false) throws -> JournalError? {
        try Journal.adopt(path, isComplete: complete) { Instant(unixSeconds: 1_800_000_000) }
    }

    private func expectAdoptable(_ error: JournalError, _ slots: Int, sourceLocation: SourceLocation = #_sourceLocation)
        async throws
    {
        #expect(throws: error, sourceLocation: sourceLocation) { try folder.open() }
        #expect(
            error.description.contains("styx journal adopt --journal-file \(path)"), sourceLocation: sourceLocation)
        #expect(try adopt() == error, sourceLocation: sourceLocation)
        let journal = try folder.open()
        // As a new one: what was signed meanwhile is not known.
        #expect(journal.createdAt == Instant(unixSeconds: 1_800_000_000), sourceLocation: sourceLocation)
        #expect(
            try await journal.load(where: everything).unsigned.count == slots, sourceLocation: sourceLocation)
        try await journal.commit(records(500))
        await journal.close()
        await (try folder.open()).close()
    }

    @Test("the file that the node wrote is opened again and again, also under another name")
    func same() async throws {
        try await write(1..<4)
        try await write(4..<6)
        #expect(try adopt() == nil)
        let journal = try folder.open()
        #expect(journal.createdAt == Instant(unixSeconds: 1_700_000_000))
        await journal.close()
        // The whole folder is moved, on one file system.
        let moved = folder.url.appendingPathComponent("elsewhere").path
        try manager.moveItem(atPath: (path as NSString).deletingLastPathComponent, toPath: moved)
        let elsewhere = try Journal(path: moved + "/journal.sqlite", binding: .sample) { Instant(unixSeconds: 0) }
        await elsewhere.close()
    }

    @Test("a copied folder is refused, and the original goes on")
    func copied() async throws {
        try await write(1..<4)
        let original = (path as NSString).deletingLastPathComponent
        try manager.moveItem(atPath: original, toPath: original + ".original")
        try manager.copyItem(atPath: original + ".original", toPath: original)
        try await expectAdoptable(.copied(path: path), 3)
        let other = try Journal(path: original + ".original/journal.sqlite", binding: .sample) {
            Instant(unixSeconds: 0)
        }
        await other.close()
    }

    @Test("an older state in the place of the file is refused")
    func older() async throws {
        try await write(1..<4)
        let old = try Data(contentsOf: URL(fileURLWithPath: path))
        try await write(4..<7)
        try putBack(old)
        do {
            _ = try folder.open()
            Issue.record("opened")
        } catch {
            guard case .older(path, let detail) = error else {
                Issue.record("\(error)")
                return
            }
            try await expectAdoptable(.older(path: path, detail: detail), 3)
        }
    }

    @Test("an older state of the same start is told from the last one by the slots that went by")
    func olderInOneStart() async throws {
        try await write(1..<2)
        let journal = try folder.open()
        try await journal.housekeep(at: 0)
        let old = try Data(contentsOf: URL(fileURLWithPath: path))
        for slot in UInt64(2)..<5 {
            try await journal.commit(records(Slot(slot)))
            try await journal.housekeep(at: 0)
        }
        await journal.close()
        try putBack(old)
        #expect(throws: JournalError.self) { try folder.open() }
    }

    @Test("a journal that was used before another one was is refused in its place")
    func replaced() async throws {
        try await write(1..<3)
        try manager.moveItem(atPath: path, toPath: path + ".first")
        #expect(throws: JournalError.vanished(path: path)) { try folder.open() }
        #expect(try Journal.forget(path))
        try await write(3..<4)
        try manager.removeItem(atPath: path)
        try manager.moveItem(atPath: path + ".first", toPath: path)
        try await expectAdoptable(
            .older(path: path, detail: "another journal was used here after it"), 2)
    }

    @Test("a missing file is not made again, unless the operator says that it is lost")
    func vanished() async throws {
        #expect(try !Journal.forget(path))
        try await write(1..<2)
        #expect(throws: JournalError.present(path: path)) { try Journal.forget(path) }
        try manager.removeItem(atPath: path)
        for _ in 0..<2 { #expect(throws: JournalError.vanished(path: path)) { try folder.open() } }
        #expect(!manager.fileExists(atPath: path))
        #expect(JournalError.vanished(path: path).description.contains("styx journal forget --journal-file \(path)"))
        // A log alone is no new beginning either.
        try Data([1]).write(to: URL(fileURLWithPath: path + "-wal"))
        #expect(throws: JournalError.present(path: path + "-wal")) { try Journal.forget(path) }
        try manager.removeItem(atPath: path + "-wal")
        #expect(try Journal.forget(path))
        let journal = try folder.open()
        #expect(journal.isNew)
        await journal.close()
    }

    @Test("a log that is gone is missed when the process died, and not when it closed its journal")
    func log() async throws {
        let journal = try folder.open()
        try await journal.commit(records(1))
        // As it lies there when the process dies.
        let files = try ["", "-wal", ".lock"].map { ($0, try Data(contentsOf: URL(fileURLWithPath: path + $0))) }
        await journal.close()
        await (try folder.open()).close()
        for (suffix, bytes) in files where suffix != "-wal" {
            try bytes.write(to: URL(fileURLWithPath: path + suffix))
        }
        try await expectAdoptable(.logMissing(path: path), 0)
    }

    @Test("what is still being counted when the journal closes leaves no mark that misses the log")
    func closingWhileCounting() async throws {
        for _ in 0..<20 {
            let journal = try folder.open()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try? await journal.housekeep(at: 0) } }
                group.addTask { await journal.close() }
            }
            let text = try String(contentsOfFile: path + ".lock", encoding: .utf8)
            #expect(JournalMark(text: text)?.end == .closed)
        }
        await (try folder.open()).close()
    }

    @Test("a backup that is put beside the log of a process that died is refused before the two are mixed")
    func backupBesideLog() async throws {
        try await write(11..<12)
        let backup = path + ".backup"
        let now = Instant(unixSeconds: 1_750_000_000)
        _ = try Journal.backUp(path, to: backup) { now }
        let journal = try folder.open()
        try await journal.commit(records(12))
        let files = try ["-wal", ".lock"].map { ($0, try Data(contentsOf: URL(fileURLWithPath: path + $0))) }
        await journal.close()
        for (suffix, bytes) in files { try bytes.write(to: URL(fileURLWithPath: path + suffix)) }
        try putBack(Data(contentsOf: URL(fileURLWithPath: backup)))
        for _ in 0..<2 { #expect(throws: JournalError.foreignLog(path: path, isBackup: true)) { try folder.open() } }
        #expect(throws: JournalError.foreignLog(path: path, isBackup: true)) { try adopt() }
        #expect(throws: JournalError.foreignLog(path: path, isBackup: true)) { try JournalCopy(of: path) }
        try manager.moveItem(atPath: path + "-wal", toPath: path + "-wal.kept")
        try await expectAdoptable(.backup(path: path, takenAt: now), 1)
    }

    @Test(
        "an older state that is written over the file beside the log of a process that died is refused before the two are mixed",
        arguments: [false, true])
    func olderBesideLog(isCounted: Bool) async throws {
        try await write(11..<12)
        let older = try Data(contentsOf: URL(fileURLWithPath: path))
        try await write(12..<13)
        let journal = try folder.open()
        try await journal.commit(records(13))
        if isCounted {
            for _ in 0..<3 { try await journal.housekeep(at: 0) }
            try await journal.commit(records(14))
        }
        let files = try ["", "-wal", ".lock"].map { ($0, try Data(contentsOf: URL(fileURLWithPath: path + $0))) }
        await journal.close()
        func lay(_ file: Data?) throws {
            for (suffix, bytes) in files { try bytes.write(to: URL(fileURLWithPath: path + suffix)) }
            if let file { try putBack(file) }
        }
        try lay(older)
        let refusal = JournalError.foreignLog(path: path, isBackup: false)
        for _ in 0..<2 { #expect(throws: refusal) { try folder.open() } }
        #expect(throws: refusal) { try adopt() }
        #expect(throws: refusal) { try JournalCopy(of: path) }
        // One of an earlier version says nothing in its header.
        var silent = older
        silent.replaceSubrange(60..<64, with: [0, 0, 0, 0])
        try lay(silent)
        #expect(throws: refusal) { try folder.open() }
        // The log's own file is taken, at whatever point the process died.
        try lay(nil)
        let restarted = try folder.open()
        #expect(try await restarted.load(where: everything).unsigned.count == (isCounted ? 4 : 3))
        await restarted.close()
    }

    @Test("a start that is refused for another reason takes no log away that is missed later")
    func refusedStart() async throws {
        let journal = try folder.open()
        try await journal.commit(records(1))
        let files = try ["", "-wal", ".lock"].map { ($0, try Data(contentsOf: URL(fileURLWithPath: path + $0))) }
        await journal.close()
        for (suffix, bytes) in files { try bytes.write(to: URL(fileURLWithPath: path + suffix)) }
        var other = JournalBinding.sample
        other.lockHash = root(1)
        for _ in 0..<2 { #expect(throws: JournalError.self) { try folder.open(other) } }
        let restarted = try folder.open()
        #expect(try await restarted.load(where: everything).unsigned.count == 1)
        await restarted.close()
    }

    @Test("a copy that is complete needs no wait")
    func complete() async throws {
        try await write(1..<3)
        let copy = path + ".copy"
        try manager.copyItem(atPath: path, toPath: copy)
        try manager.removeItem(atPath: path)
        try manager.moveItem(atPath: copy, toPath: path)
        #expect(try adopt(complete: true) == .copied(path: path))
        let journal = try folder.open()
        #expect(journal.createdAt == Instant(unixSeconds: 1_700_000_000))
        await journal.close()
    }

    @Test("a lock file that is damaged or gone is made anew")
    func lockFile() async throws {
        try await write(1..<2)
        for bytes in [Data(), Data("nonsense".utf8), Data([0xFF, 0, 1])] {
            try bytes.write(to: URL(fileURLWithPath: path + ".lock"))
            await (try folder.open()).close()
            let text = try String(contentsOfFile: path + ".lock", encoding: .utf8)
            #expect(JournalMark(text: text)?.end == .closed)
        }
        // With nothing to go by it still says that something was there.
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path + ".lock"))
        try manager.removeItem(atPath: path)
        #expect(throws: JournalError.vanished(path: path)) { try folder.open() }
    }

    @Test("of an earlier version takes up where it is")
    func earlier() async throws {
        try await write(1..<2)
        let database = try DatabaseQueue(path: path)
        try await database.write { db in
            try db.execute(sql: "DELETE FROM meta WHERE key IN ('journal_id', 'count', 'place')")
        }
        try database.close()
        try Data().write(to: URL(fileURLWithPath: path + ".lock"))
        try await write(2..<3)
        try manager.copyItem(atPath: path, toPath: path + ".copy")
        try manager.removeItem(atPath: path)
        try manager.moveItem(atPath: path + ".copy", toPath: path)
        #expect(throws: JournalError.copied(path: path)) { try folder.open() }
    }

    @Test(
        "marks and places are read as they are written, and nothing else is", arguments: ["", "styx", "1:", ":1", "a"])
    func texts(bad: String) {
        for mark in [
            JournalMark(id: JournalMark.newID(), count: .max, fileCount: 7, end: .open),
            JournalMark(id: JournalMark.newID(), count: 0, fileCount: .max, end: .closed),
        ] {
            #expect(JournalMark(text: mark.text) == mark && mark.text.utf8.count < JournalMark.bytesMax)
        }
        for place in [JournalPlace(inode: 7, generation: nil), JournalPlace(inode: .max, generation: .max)] {
            #expect(JournalPlace(text: place.text) == place)
        }
        #expect(JournalMark(text: bad) == nil && JournalPlace(text: bad) == nil)
        let id = JournalMark.newID()
        let earlier = JournalMark(text: "styx journal \(id) count 00000000000000000007 open  \n")
        #expect(earlier == JournalMark(id: id, count: 7, fileCount: 0, end: .open))
        #expect(JournalMark(text: "styx journal \(id) count 7 open file") == nil)
        #expect(JournalMark(text: "styx journal \(id) count 7 open files 7") == nil)
        let known = JournalPlace(inode: 7, generation: 1)
        #expect(!known.isSame(as: JournalPlace(inode: 7, generation: 2)))
        #expect(known.isSame(as: JournalPlace(inode: 7, generation: nil)))
        #expect(!known.isSame(as: JournalPlace(inode: 8, generation: 1)))
    }
}
