import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@testable import Storage

/// The power goes at each step of a recorded run, and what was not synced is kept in part: what the journal had called
/// durable is there, whole, and the journal opens.
@Suite struct PowerLossTests {
    private static let suffixes = ["", "-wal"]

    private struct Run {
        let folder: Folder
        let loss: PowerLoss
    }

    /// Eight duties with a checkpoint after some, then an end without closing.
    ///
    /// - Parameter mutation: an SQLite pragma that takes durability away.
    private func record(_ mutation: String? = nil) async throws -> Run {
        let folder = Folder()
        let disk = try FaultyDisk(folder)
        defer { disk.remove() }
        let empty = try folder.open()
        try await empty.commit(records(10, validators: 1))
        await empty.close()
        let start = try Self.files(of: folder)
        disk.startOver()

        let journal = try folder.open()
        if let mutation { try await journal.perform("change journal") { try $0.execute(sql: "PRAGMA \(mutation)") } }
        for slot in UInt64(11)..<19 {
            try await journal.commit(records(Slot(slot), validators: 1))
            disk.tell(slot)
            if slot % 4 == 0 { try await journal.housekeep(at: 0) }
        }
        let steps = disk.steps
        await journal.close()
        return Run(folder: folder, loss: PowerLoss(start: start, steps: steps))
    }

    private static func files(of folder: Folder) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for suffix in suffixes {
            let path = folder.journal + suffix
            files[(path as NSString).lastPathComponent] = FileManager.default.contents(atPath: path).map { [UInt8]($0) }
        }
        return files
    }

    /// Puts the image in the place, in the very file: a copy would be refused.
    private func restore(_ image: PowerLoss.Image, _ folder: Folder) throws {
        for suffix in Self.suffixes {
            let path = folder.journal + suffix
            guard let bytes = image.files[(path as NSString).lastPathComponent] else {
                try? FileManager.default.removeItem(atPath: path)
                continue
            }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        }
        try Data(image.mark).write(to: URL(fileURLWithPath: folder.journal + ".lock"))
    }

    /// What is wrong after the power went; nil if nothing is.
    private func fault(in image: PowerLoss.Image, _ folder: Folder) async throws -> String? {
        try restore(image, folder)
        let journal: Journal
        do { journal = try folder.open() } catch { return "refused: \(error)" }
        let snapshot: JournalSnapshot
        do { snapshot = try await journal.load(where: everything) } catch { return "not loaded: \(error)" }
        await journal.close()
        let found = Set(snapshot.unsigned.keys.map(\.slot.rawValue))
        let lost = image.told.union([10]).subtracting(found)
        if !lost.isEmpty { return "lost what was durable: \(lost.sorted())" }
        let duties = Set(snapshot.unsigned.keys)
        let whole =
            Set(snapshot.votes.keys) == duties && snapshot.votes.values.allSatisfy { $0.count == 2 }
            && Set(snapshot.aggregated.keys) == duties && snapshot.partials.count == 2 * duties.count
            && Set(snapshot.partials.map(\.duty)) == duties
            && snapshot.watermarks == [key(0): watermark(3, found.max() ?? 0, 8)]
        return whole ? nil : "half a commit: \(found.sorted())"
    }

    @Test("whatever was called durable survives the power's loss at any step", arguments: [UInt64(1), 2])
    func survives(seed: UInt64) async throws {
        let run = try await record()
        var generator = SeededGenerator(seed: seed)
        #expect(run.loss.steps.count > 100)
        for count in 0...run.loss.steps.count {
            let image = run.loss.image(after: count, using: &generator)
            let fault = try await fault(in: image, run.folder)
            #expect(fault == nil, "after \(count) steps, seed \(seed)")
        }
    }

    @Test(
        "without syncs it would not: this test can fail", arguments: ["synchronous = OFF", "synchronous = NORMAL"])
    func mutated(pragma: String) async throws {
        let run = try await record(pragma)
        var generator = SeededGenerator(seed: 1)
        var lost = 0
        for count in stride(from: 0, through: run.loss.steps.count, by: 4) where lost == 0 {
            let image = run.loss.image(after: count, using: &generator)
            if try await fault(in: image, run.folder)?.contains("lost what was durable") == true { lost += 1 }
        }
        #expect(lost > 0)
    }

    @Test("what survives is sound in every row", arguments: [UInt64(3)])
    func sound(seed: UInt64) async throws {
        let run = try await record()
        var generator = SeededGenerator(seed: seed)
        for count in stride(from: 0, through: run.loss.steps.count, by: 16) {
            try restore(run.loss.image(after: count, using: &generator), run.folder)
            let journal = try run.folder.open()
            await journal.close()
            let verdict = try JournalVerifier.verify(run.folder.journal)
            #expect(verdict.isSound && verdict.objection == nil, "after \(count) steps: \(verdict.lines)")
        }
    }
}
