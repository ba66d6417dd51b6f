import DutyWorkflow
import Ethereum
import Foundation
import SSZ
import Storage
import Synchronization

/// A real journal through days of recorded duties, in simulated time, swept once a slot as a node does it.
///
/// Sizes are of the file with its log. The log keeps the size of its fullest slot: so in each day's first epoch every
/// commit is made as the node made it, and in its other slots all of a slot's records go in one, which writes the same
/// rows in a fraction of the time. Not here: exits and registrations, which are a few rows for each validator for good.
struct JournalDays {
    struct Sizes: Sendable {
        /// At the end of each day, in bytes.
        var days: [UInt64] = []
        /// Of all slots.
        var largest: UInt64 = 0
        /// In all tables, at the end.
        var rows = 0
    }

    /// As often as mainnet lets a thousand validators of a million propose; fewer validators have fewer blocks.
    private static let slotsPerBlock: UInt64 = 1024
    private static let slotDuration: Duration = .seconds(12)
    private static let genesis = Instant(unixSeconds: 1_700_000_000)

    private let recorded: RecordedDuties
    private let slotsPerDay: UInt64

    init(_ recorded: RecordedDuties, slotsPerDay: UInt64) {
        self.recorded = recorded
        self.slotsPerDay = slotsPerDay
    }

    /// - Parameter path: of the journal, which is made.
    func run(_ days: Int, path: String) async throws -> Sizes {
        let now = Mutex(Self.genesis)
        let keptSlots = 2 * recorded.slotsPerEpoch + 38
        let journal = try Journal(
            path: path,
            binding: JournalBinding(lockHash: SHA256.hash([1]), genesisValidatorsRoot: SHA256.hash([2])),
            keptSlots: keptSlots, at: recorded.first
        ) { now.withLock { $0 } }
        var sizes = Sizes()
        let repetitionsPerBlock = max(1, Self.slotsPerBlock / recorded.count)
        for offset in 0..<UInt64(days) * slotsPerDay {
            let slot = recorded.first + offset
            now.withLock { $0 = Self.genesis + Self.slotDuration * Int(slot.rawValue) }
            let hasBlock = offset / recorded.count % repetitionsPerBlock == 0
            let commits = recorded.commits(at: offset, hasBlock: hasBlock)
            if offset % slotsPerDay < recorded.slotsPerEpoch {
                for commit in commits { try await journal.commit(commit) }
            } else {
                try await journal.commit(commits.flatMap { $0 })
            }
            try await journal.housekeep(at: slot)
            let size = try Self.size(of: path) + Self.size(of: path + "-wal")
            sizes.largest = max(sizes.largest, size)
            if (offset + 1).isMultiple(of: slotsPerDay) { sizes.days.append(size) }
        }
        sizes.rows = try await journal.inspect().rows.values.reduce(0, +)
        let metrics = journal.metrics
        await journal.close()
        try require(metrics.partialsIgnored == 0 && metrics.partialsDropped == 0, "the journal did not take all shares")
        try require(metrics.rowsSwept > sizes.rows, "the journal was not swept")
        return sizes
    }

    private static func size(of path: String) throws -> UInt64 {
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
        guard let size else { throw BenchmarkError("no size of \(path)") }
        return size.uint64Value
    }
}
