import DutyWorkflow
import Ethereum
import Foundation
import GRDB
import Synchronization

import enum DutyWorkflow.Record  // GRDB has a class of that name

/// What this node decided, voted and signed, on disk before anybody else learns of it. Source: workflow.md §8, §9, §12.
///
/// One SQLite connection on one serial queue, away from the cooperative pool. Calls that arrive while the disk is busy
/// share the next transaction, each in its own savepoint: a contradiction fails its own caller only, a disk error
/// fails them all and stops the journal, because from then on memory may be ahead of the disk.
package final class Journal: Sendable {
    private typealias Outcome = Result<Void, JournalError>

    /// The records of one call, applied all or not at all.
    private struct Entry {
        let records: [Record]
        let done: CheckedContinuation<Outcome, Never>
    }

    private struct State {
        var pending: [Entry] = []
        /// A turn on the queue is ordered and has not begun.
        var isScheduled = false
        /// Why nothing may be written any more.
        var stopped: JournalError?
        var metrics = JournalMetrics()
    }

    /// Records of one transaction, about; a single larger call stays whole.
    private static let groupRecordsMax = 1024
    /// Rows that housekeeping deletes before it lets commits through.
    private static let sweptRowsMax = 512

    package let path: String
    /// True if there was no journal: this node never ran, or somebody took its memory away.
    package let isNew: Bool
    private let database: DatabaseQueue
    private let lock: FileLock
    private let now: @Sendable () -> Instant
    private let state = Mutex(State())

    /// Opens or creates the journal and holds it until `close()` or the end of the process. Blocks; call at start-up.
    ///
    /// - Parameters:
    ///   - path: The database file. Beside it live `-wal` and `.lock`. A missing directory is created, for the owner
    ///     alone.
    ///   - bytesMax: Bound of the database file. 1 GiB is some hundred times what 1000 validators need.
    ///   - now: For the times in the rows.
    package init(
        path: String, binding: JournalBinding, bytesMax: Int = 1 << 30, now: @escaping @Sendable () -> Instant
    ) throws(JournalError) {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            let reason = (error as NSError).localizedDescription
            throw .file(action: "create directory", path: directory, reason: reason)
        }
        lock = try FileLock(journal: path)
        let file = JournalFile(path: path, binding: binding, bytesMax: bytesMax)
        (database, isNew) = try file.open()
        self.path = path
        self.now = now
    }

    package var metrics: JournalMetrics { state.withLock { $0.metrics } }

    /// Returns when the records are on disk, all of them.
    ///
    /// - Throws: `.conflict` or `.unrecordable`: none of these records was written, others are not affected.
    ///   Anything else: none of what the records stand for may happen; the node has to stop.
    package func commit(_ records: [Record]) async throws(JournalError) {
        let outcome = await withCheckedContinuation { (done: CheckedContinuation<Outcome, Never>) in
            enqueue(Entry(records: records, done: done))
        }
        try outcome.get()
    }

    /// Everything of the duties for which `isLive` is true, and all watermarks.
    ///
    /// - Throws: `.corrupt` for a row that does not decode.
    package func load(where isLive: @escaping @Sendable (Duty) -> Bool) async throws(JournalError) -> JournalSnapshot {
        try await perform("read journal") { [path] db in try SnapshotReader(db: db, path: path).read(where: isLive) }
    }

    package func watermarks() async throws(JournalError) -> [PubKey: AttestationWatermark] {
        try await perform("read journal") { [path] db in try SnapshotReader(db: db, path: path).watermarks() }
    }

    /// Deletes what is older than `slot` and moves the log into the database. For a quiet moment of each slot: the
    /// move costs some milliseconds, during which commits wait. Deletes in small steps, so that commits get through.
    ///
    /// Watermarks stay for ever, exits and registrations too.
    ///
    /// - Parameter slot: Deadline and inclusion window (38 slots) of all its duties have passed.
    package func housekeep(before slot: Slot) async throws(JournalError) {
        var deleted = 0
        repeat {
            deleted = try await perform("sweep journal") { db in
                try Sweeper(db: db).delete(before: slot, rowsMax: Self.sweptRowsMax)
            }
            state.withLock { $0.metrics.rowsSwept += deleted }
        } while deleted > 0
        try await perform("checkpoint journal") { db in _ = try db.checkpoint(.passive) }
    }

    /// Lets earlier calls finish, then closes the file. Later calls throw `.closed`.
    package func close() async {
        try? await commit([])  // waits for the turn behind them; if the journal stopped, nobody waits
        state.withLock { $0.stopped = $0.stopped ?? .closed(path: path) }
        await withCheckedContinuation { done in
            DispatchQueue.global().async { [database, lock] in
                try? database.close()  // waits for its queue
                lock.release()
                done.resume()
            }
        }
    }

    // MARK: - Group commit

    private func enqueue(_ entry: Entry) {
        let (refusal, mustSchedule) = state.withLock { state -> (JournalError?, Bool) in
            if let stopped = state.stopped { return (stopped, false) }
            state.pending.append(entry)
            state.metrics.waiting += 1
            defer { state.isScheduled = true }
            return (nil, !state.isScheduled)
        }
        if let refusal { entry.done.resume(returning: .failure(refusal)) }
        if mustSchedule { schedule() }
    }

    private func schedule() {
        database.asyncWriteWithoutTransaction { db in
            let group = self.takeGroup()
            self.finish(group, self.write(group, db))
            let isMore = self.state.withLock { state in
                state.isScheduled = !state.pending.isEmpty
                return state.isScheduled
            }
            // A new turn instead of a loop: reads and housekeeping get theirs.
            if isMore { self.schedule() }
        }
    }

    private func takeGroup() -> [Entry] {
        state.withLock { state in
            var count = 0
            var records = 0
            while count < state.pending.count, records < Self.groupRecordsMax {
                records += state.pending[count].records.count
                count += 1
            }
            let group = Array(state.pending.prefix(count))
            state.pending.removeFirst(count)
            return group
        }
    }

    /// One transaction. - Returns: one outcome for each entry.
    private func write(_ group: [Entry], _ db: Database) -> [Outcome] {
        if let stopped = state.withLock({ $0.stopped }) { return group.map { _ in .failure(stopped) } }
        guard group.contains(where: { !$0.records.isEmpty }) else { return group.map { _ in .success(()) } }
        var outcomes: [Outcome] = []
        var writer = RecordWriter(db: db, now: now().nanoseconds / 1_000_000)
        do {
            try db.inTransaction(.immediate) {
                for entry in group { outcomes.append(try apply(entry, with: &writer, db)) }
                return .commit
            }
        } catch {
            let cause = JournalError(error, action: "write journal", path: path)
            state.withLock { $0.stopped = .stopped(path: path, reason: cause.description) }
            return group.map { _ in .failure(cause) }
        }
        state.withLock { state in
            state.metrics.commits += 1
            state.metrics.partialsIgnored += writer.partialsIgnored
            state.metrics.largestGroup = max(state.metrics.largestGroup, group.count)
            for (entry, outcome) in zip(group, outcomes) {
                if case .success = outcome {
                    state.metrics.records += entry.records.count
                } else {
                    state.metrics.refused += 1
                }
            }
        }
        return outcomes
    }

    /// - Throws: what is not the fault of this entry's records.
    private func apply(_ entry: Entry, with writer: inout RecordWriter, _ db: Database) throws -> Outcome {
        do {
            try db.inSavepoint {
                for record in entry.records { try writer.apply(record) }
                return .commit
            }
            return .success(())
        } catch let error as JournalError {
            return .failure(error)
        }
    }

    private func finish(_ group: [Entry], _ outcomes: [Outcome]) {
        state.withLock { $0.metrics.waiting -= group.count }
        for (entry, outcome) in zip(group, outcomes) { entry.done.resume(returning: outcome) }
    }

    /// Work on the queue, in its own turn.
    private func perform<R: Sendable>(
        _ action: String, _ work: @escaping @Sendable (Database) throws -> R
    ) async throws(JournalError) -> R {
        if let stopped = state.withLock({ $0.stopped }) { throw stopped }
        let outcome = await withCheckedContinuation { (done: CheckedContinuation<Result<R, JournalError>, Never>) in
            database.asyncWriteWithoutTransaction { [path] db in
                done.resume(
                    returning: Result { try work(db) }.mapError { JournalError($0, action: action, path: path) })
            }
        }
        return try outcome.get()
    }
}
