import DutyWorkflow
import Ethereum
import Foundation
import GRDB
import SSZ
import Synchronization

import enum DutyWorkflow.Record  // GRDB has a class of that name

/// What this node decided, voted and signed, on disk before anybody else learns of it. Source: workflow.md §8, §9, §12.
///
/// One SQLite connection on one serial queue, away from the cooperative pool. Calls that arrive while the disk is busy
/// share the next transaction, each in its own savepoint: a contradiction fails its own caller only, a disk error
/// fails them all and stops the journal, because from then on memory may be ahead of the disk.
package final class Journal: Sendable {
    package typealias Outcome = Result<Void, JournalError>

    /// The records of one call, applied all or not at all.
    private struct Entry {
        let records: [Record]
        let came: ContinuousClock.Instant
        let done: @Sendable (Outcome) -> Void
    }

    private struct State {
        var pending: [Entry] = []
        /// When the first call of the transaction under way came.
        var underWay: ContinuousClock.Instant?
        /// A turn on the queue is ordered and has not begun.
        var isScheduled = false
        /// Why nothing may be written any more.
        var stopped: JournalError?
        /// The current one, as far as we were told.
        var slot = Slot.zero
        var metrics = JournalMetrics()
        var timings = CommitTimings()
        /// What the lock file says.
        var mark: JournalMark
    }

    /// Records of one transaction, about; a single larger call stays whole.
    private static let groupRecordsMax = 1024
    /// Rows that housekeeping deletes before it lets commits through.
    private static let sweptRowsMax = 512

    package let path: String
    package let binding: JournalBinding
    /// True if there was no journal: this node never ran, or somebody took its memory away.
    package let isNew: Bool
    /// When the file was made; nil for one of the first version of this program. While that is less than two epochs
    /// ago, validators without a watermark may have voted elsewhere.
    package let createdAt: Instant?
    private let database: DatabaseQueue
    private let lock: FileLock
    private let space: JournalSpace
    private let keptSlots: UInt64
    private let preset: Preset
    private let now: @Sendable () -> Instant
    private let state: Mutex<State>
    /// What is written to, by name.
    private let files: [(path: String, identity: FileIdentity?)]

    /// Opens or creates the journal, makes room in it, and holds it until `close()` or the end of the process. Blocks;
    /// call at start-up.
    ///
    /// - Parameters:
    ///   - path: The database file. Beside it live `-wal` and `.lock`. A missing directory is created, for the owner
    ///     alone.
    ///   - binding: What it must belong to. nil for whatever it does; then it is never created.
    ///   - bytesMax: Bound of the database file. 1 GiB is some hundred times what 1000 validators need.
    ///   - keptSlots: Deadlines and inclusion window (38 slots) of all duties; two epochs is the longest deadline.
    ///   - preset: Of the chain: what gives its blocks their shape and their roots. nil for what the journal says.
    ///   - slot: The current one. Nothing is swept before one is known.
    ///   - claim: Of this path, if it is held already.
    ///   - now: For the times in the rows.
    package init(
        path: String, binding: JournalBinding?, bytesMax: Int = 1 << 30, keptSlots: UInt64 = 2 * 32 + 38,
        preset: Preset? = nil, at slot: Slot = .zero, claim: JournalClaim? = nil,
        now: @escaping @Sendable () -> Instant
    ) throws(JournalError) {
        if binding == nil, !FileManager.default.fileExists(atPath: path) { throw .missing(path: path) }
        if let claim { lock = claim.lock } else { lock = try JournalClaim(path: path).lock }
        space = JournalSpace(bytesMax: bytesMax)
        let file = JournalFile(
            path: path, binding: binding, space: space, now: now().nanoseconds / 1_000_000, lock: lock, preset: preset)
        let opened = try file.open()
        database = opened.database
        isNew = opened.isNew
        self.binding = opened.binding
        self.preset = opened.preset
        createdAt = opened.createdAt.map { Instant(unixMilliseconds: $0) }
        self.path = path
        self.keptSlots = keptSlots
        self.now = now
        state = Mutex(State(slot: slot, mark: opened.mark))
        // The log is there: opening wrote to it.
        files = [path, path + "-wal"].map { ($0, FileIdentity($0)) }
        do {
            try database.writeWithoutTransaction { try makeRoom($0) }
        } catch {
            markClosed()
            throw JournalError(error, action: "sweep journal", path: path)
        }
        #if STYX_KILL_POINTS
            KillPoint.journalOpened.pass()
        #endif
    }

    deinit { markClosed() }

    package var metrics: JournalMetrics { state.withLock { $0.metrics } }

    package var timings: CommitTimings { state.withLock { $0.timings } }

    /// When the oldest call came that is not durable yet; nil if all are.
    var waitingSince: ContinuousClock.Instant? {
        state.withLock { $0.underWay ?? $0.pending.first?.came }
    }

    /// For how long a call has been waiting for the disk; the time of the last commit if none is.
    package var commitTime: Duration {
        waitingSince?.duration(to: .now) ?? timings.recent.last ?? .zero
    }

    /// Why nothing may be written any more; nil while it may.
    var failure: JournalError? { state.withLock { $0.stopped } }

    /// Calls `done` on the journal's queue when the records are on disk, all of them, or will not be.
    ///
    /// With `.conflict` or `.unrecordable` none of these records was written, others are not affected. With any other
    /// error none of what the records stand for may happen; the node has to stop.
    package func commit(_ records: [Record], done: @escaping @Sendable (Result<Void, JournalError>) -> Void) {
        enqueue(Entry(records: records, came: .now, done: done))
    }

    /// The same for callers that can wait.
    package func commit(_ records: [Record]) async throws(JournalError) {
        let outcome = await withCheckedContinuation { (waiting: CheckedContinuation<Outcome, Never>) in
            commit(records) { waiting.resume(returning: $0) }
        }
        try outcome.get()
    }

    /// Everything of the open duties for which `isLive` is true, and all watermarks. The other duties come as closed.
    ///
    /// - Throws: `.corrupt` for a row that does not decode.
    package func load(where isLive: @escaping @Sendable (Duty) -> Bool) async throws(JournalError) -> JournalSnapshot {
        try await perform("read journal") { [path, preset] db in
            let snapshot = try SnapshotReader(db: db, path: path, preset: preset).read(where: isLive)
            #if STYX_KILL_POINTS
                KillPoint.journalRead.pass()
            #endif
            return snapshot
        }
    }

    package func slashingHistory() async throws(JournalError) -> SlashingHistory {
        try await perform("read journal") { [path, preset] db in
            let reader = SnapshotReader(db: db, path: path, preset: preset)
            return SlashingHistory(attestations: try reader.watermarks(), proposals: try reader.proposalWatermarks())
        }
    }

    /// Why this node votes and signs no more; nil if it does.
    package func halt() async throws(JournalError) -> Halt? {
        try await perform("read journal") { [path, preset] db in
            try SnapshotReader(db: db, path: path, preset: preset).halt()
        }
    }

    /// How far a planned switch to other key shares is; nil if there is none.
    package func plannedSwitch() async throws(JournalError) -> SwitchRecord? {
        try await perform("read journal") { [path, preset] db in
            try SnapshotReader(db: db, path: path, preset: preset).plannedSwitch()
        }
    }

    package func watermarks() async throws(JournalError) -> [PubKey: AttestationWatermark] {
        try await slashingHistory().attestations
    }

    /// Deletes what is too old to matter and moves the log into the database. For a quiet moment of each slot: the move
    /// costs some milliseconds, during which commits wait. Deletes in small steps, so that commits get through.
    ///
    /// Watermarks stay for ever, exits and registrations until they are done.
    ///
    /// - Parameter slot: The current one.
    package func housekeep(at slot: Slot) async throws(JournalError) {
        state.withLock { $0.slot = slot }
        while try await perform("sweep journal", { try self.sweep($0) }) > 0 {}
        try await perform("count in journal") { try self.advance($0) }
        try await perform("checkpoint journal") { try self.moveLog($0) }
    }

    /// Lets earlier calls finish, then closes the file. Later calls throw `.closed`.
    package func close() async {
        try? await commit([])  // waits for the turn behind them; if the journal stopped, nobody waits
        state.withLock { $0.stopped = $0.stopped ?? .closed(path: path) }
        // On the queue: behind a count that is under way, whose mark says open.
        database.asyncWriteWithoutTransaction { _ in self.markClosed() }
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
        if let refusal { database.asyncWriteWithoutTransaction { _ in entry.done(.failure(refusal)) } }
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
            state.underWay = group.first?.came
            return group
        }
    }

    /// One transaction. - Returns: one outcome for each entry.
    private func write(_ group: [Entry], _ db: Database) -> [Outcome] {
        if let stopped = state.withLock({ $0.stopped }) { return group.map { _ in .failure(stopped) } }
        guard group.contains(where: { !$0.records.isEmpty }) else { return group.map { _ in .success(()) } }
        do {
            do {
                return try transact(group, db)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
                try makeRoom(db)
                return try transact(group, db)
            }
        } catch {
            let cause = JournalError(error, action: "write journal", path: path)
            state.withLock { $0.stopped = .stopped(path: path, reason: cause.description) }
            return group.map { _ in .failure(cause) }
        }
    }

    private func transact(_ group: [Entry], _ db: Database) throws -> [Outcome] {
        var outcomes: [Outcome] = []
        var writer = RecordWriter(db: db, now: now().nanoseconds / 1_000_000, space: space)
        var written = ContinuousClock.now
        try db.inTransaction(.immediate) {
            for entry in group { outcomes.append(try apply(entry, with: &writer, db)) }
            #if STYX_KILL_POINTS
                KillPoint.rowsWritten.pass()
            #endif
            written = .now
            return .commit
        }
        try confirmFiles()
        let took = written.duration(to: .now)
        #if STYX_KILL_POINTS
            KillPoint.committed.pass()
        #endif
        state.withLock { state in
            state.timings.note(took, at: now())
            state.metrics.commits += 1
            state.metrics.partialsIgnored += writer.partialsIgnored
            state.metrics.partialsDropped += writer.partialsDropped
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
        state.withLock { state in
            state.metrics.waiting -= group.count
            state.underWay = nil
        }
        for (entry, outcome) in zip(group, outcomes) { entry.done(outcome) }
    }

    // MARK: - Identity

    /// Durable is what the next start finds: under these names.
    private func confirmFiles() throws(JournalError) {
        for file in files where FileIdentity(file.path) != file.identity { throw .removed(path: file.path) }
    }

    /// One slot more. The lock file follows: what is older is then told from what is not.
    private func advance(_ db: Database) throws {
        // Closing has said its last word.
        if let stopped = state.withLock({ $0.stopped }) { throw stopped }
        let old = state.withLock { $0.mark }
        let mark = JournalMark(id: old.id, count: old.count &+ 1, fileCount: old.fileCount, end: .open)
        try db.inTransaction(.immediate) {
            try db.cachedStatement(sql: "UPDATE meta SET value = ? WHERE key = 'count'")
                .execute(arguments: [String(mark.count)])
            try JournalHeader.count(mark.count).write(to: db)
            return .commit
        }
        state.withLock { $0.mark = mark }
        // If it stays behind, it protects less: no reason to stop.
        try? lock.set(mark, durable: false)
    }

    /// Into the file, on disk. Then the file alone is as far as the count, and an older one is told from it.
    private func moveLog(_ db: Database) throws {
        let counted = state.withLock { $0.mark.count }
        let (frames, moved) = try db.checkpoint(.passive)
        guard moved == frames else { return }
        let mark = state.withLock { state in
            let old = state.mark
            state.mark = JournalMark(id: old.id, count: old.count, fileCount: counted, end: .open)
            return state.stopped == nil ? state.mark : nil
        }
        if let mark { try? lock.set(mark, durable: false) }
    }

    /// Before the file is closed, which takes the log away: with a mark that says open, that is an accusation.
    private func markClosed() {
        try? lock.set(state.withLock { $0.mark }.closed, durable: true)
    }

    // MARK: - Room

    /// One step. - Returns: rows deleted; 0 when nothing is left.
    private func sweep(_ db: Database) throws -> Int {
        let slot = state.withLock { $0.slot }
        let rows = try Sweeper(db: db, keptSlots: keptSlots).deleteOld(at: slot, rowsMax: Self.sweptRowsMax)
        state.withLock { $0.metrics.rowsSwept += rows }
        return rows
    }

    /// Everything old goes, and if that is not enough, what peers can send again.
    private func makeRoom(_ db: Database) throws {
        while try sweep(db) > 0 {}
        while try space.isShort(db) {
            let rows = try Sweeper(db: db, keptSlots: keptSlots).deletePeersPartials()
            guard rows > 0 else { break }
            state.withLock { $0.metrics.rowsSwept += rows }
        }
    }

    /// Work on the queue, in its own turn.
    func perform<R: Sendable>(
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
