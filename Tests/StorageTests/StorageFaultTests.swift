import Dispatch
import DutyWorkflow
import Ethereum
import Foundation
import GRDBSQLite
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// A disk that fails: nothing is called durable that is not, the journal stops, and what was durable is there later.
@Suite struct StorageFaultTests {
    private let folder = Folder()
    private let disk: FaultyDisk

    init() throws { disk = try FaultyDisk(folder) }

    private func slots() async throws -> [UInt64] {
        let journal = try folder.open()
        let found = try await journal.load(where: everything).unsigned.keys.map(\.slot.rawValue).sorted()
        await journal.close()
        return found
    }

    /// What went wrong, and what the operating system calls it.
    static let faults: [(action: FaultyDisk.Action, code: Int32, text: String)] = [
        (.write, SQLITE_FULL, "full"), (.write, DiskError.write, "I/O error"),
        (.sync, DiskError.sync, "I/O error"),
    ]

    @Test("that cannot be written or synced stops the journal; the next start has what was durable", arguments: faults)
    func stops(action: FaultyDisk.Action, code: Int32, text: String) async throws {
        let journal = try folder.open()
        try await journal.commit(records(1))
        disk.fail(action, code)
        let first = await #expect(throws: JournalError.self) { try await journal.commit(records(2)) }
        #expect(first?.description.contains(text) == true && first?.description.contains(folder.journal) == true)
        // A sync that failed once may say yes the next time without having written anything.
        disk.fail(action, nil)
        let later = await #expect(throws: JournalError.self) { try await journal.commit(records(3)) }
        guard case .stopped(folder.journal, let reason) = later else {
            Issue.record("went on: \(String(describing: later))")
            return
        }
        #expect(reason.contains(text))
        #expect(journal.failure != nil)
        await journal.close()
        #expect(try await slots().filter { $0 != 2 } == [1])
    }

    @Test("that tears a write in two leaves no half of a commit", arguments: [0, 1, 24, 600, 4095])
    func torn(bytes: Int) async throws {
        let journal = try folder.open()
        try await journal.commit(records(11))
        disk.tearNextWrite(after: bytes)
        await #expect(throws: JournalError.self) { try await journal.commit(records(12)) }
        await journal.close()
        #expect(try await slots() == [11])
        #expect(try JournalVerifier.verify(folder.journal).problems == [])
    }

    @Test("that cannot be read lets no journal be opened or loaded")
    func unreadable() async throws {
        await (try folder.open()).close()
        disk.fail(.read, DiskError.read)
        let error = #expect(throws: JournalError.self) { try folder.open() }
        guard case .file(_, folder.journal, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("I/O error"))
        disk.fail(.read, nil)
        #expect(try await slots() == [])
    }

    @Test("that takes no writes lets no journal be opened")
    func readOnly() async throws {
        await (try folder.open()).close()
        let before = FileManager.default.contents(atPath: folder.journal)
        disk.makeReadOnly()
        let error = #expect(throws: JournalError.self) { try folder.open() }
        #expect(error?.description.contains("may write there") == true)
        #expect(FileManager.default.contents(atPath: folder.journal) == before)
    }

    @Test("that does not open the file is named")
    func unopenable() async throws {
        await (try folder.open()).close()
        disk.fail(.open, SQLITE_CANTOPEN)
        let error = #expect(throws: JournalError.self) { try folder.open() }
        #expect(error?.description.contains(folder.journal) == true)
    }

    @Test("that is slow holds up what waits for it, and nothing is called durable before it is")
    func slow() async throws {
        let journal = try folder.open()
        let (began, mayEnd) = (Gate(), DispatchSemaphore(value: 0))
        disk.whileSyncing {
            began.open()
            mayEnd.wait()
        }
        let told = Mutex<[Int]>([])
        async let done: Void = withCheckedContinuation { (all: CheckedContinuation<Void, Never>) in
            for number in 1...3 {
                journal.commit(records(Slot(UInt64(number)))) { result in
                    let count = told.withLock { told in
                        if case .success = result { told.append(number) }
                        return told.count
                    }
                    if count == 3 { all.resume() }
                }
            }
        }
        await began.wait()
        #expect(told.withLock { $0 } == [] && journal.metrics.waiting > 0)
        #expect(journal.waitingSince != nil)
        disk.whileSyncing(nil)
        mayEnd.signal()
        await done
        #expect(told.withLock { $0 } == [1, 2, 3])
        #expect(journal.waitingSince == nil)
    }

    /// What somebody does to the file of a running node.
    static let removals = ["delete", "delete the log", "move", "replace"]

    @Test("whose file is taken away stops the journal, and nothing is made again", arguments: removals)
    func removed(how: String) async throws {
        disk.remove()
        let journal = try folder.open()
        try await journal.commit(records(1))
        let (path, manager) = (folder.journal, FileManager.default)
        switch how {
        case "delete": try manager.removeItem(atPath: path)
        case "delete the log": try manager.removeItem(atPath: path + "-wal")
        case "move": try manager.moveItem(atPath: path, toPath: path + ".old")
        default:
            try manager.copyItem(atPath: path, toPath: path + ".copy")
            guard rename(path + ".copy", path) == 0 else {
                Issue.record("\(systemReason())")
                return
            }
        }
        let named = how == "delete the log" ? path + "-wal" : path
        await #expect(throws: JournalError.removed(path: named)) { try await journal.commit(records(2)) }
        await #expect(throws: JournalError.self) { try await journal.commit(records(3)) }
        #expect(manager.fileExists(atPath: named) == (how == "replace"))
        await journal.close()
        switch how {
        case "delete the log": #expect(try await slots().contains(1))
        case "replace":
            #expect(throws: JournalError.copied(path: path)) { try folder.open() }
        default:
            try? manager.removeItem(atPath: path + "-wal")
            #expect(throws: JournalError.vanished(path: path)) { try folder.open() }
            #expect(!manager.fileExists(atPath: path))
        }
    }

    @Test("a clock that jumps ahead and back lets nothing be signed again")
    func clock() async throws {
        let journal = try folder.open(keptSlots: 10)
        try await journal.commit(records(100))
        try await journal.commit([.expired(.attester(slot: 100))])
        // Some years ahead, and for a while.
        for _ in 0..<3 { try await journal.housekeep(at: 10_000_000) }
        await journal.close()

        let back = try folder.open(keptSlots: 10, at: 20)
        try await back.housekeep(at: 20)
        let duty = Duty.attester(slot: 100)
        for record in [
            Record.partials(duty, partials(100, share: 1, signature: 9), .internal),
            .attestationWatermark(key(0), watermark(3, 100, 9)),
            .vote(duty, vote(.prepare, root(9)), values: [:]), .unsigned(duty, values(100, head: 9)),
        ] {
            await #expect(throws: JournalError.self) { try await back.commit([record]) }
        }
        #expect(try await back.load(where: everything).closed == [duty])
        await back.close()
    }
}
