import DutyWorkflow
import Ethereum
import Foundation
import QBFT
import SSZ
import Storage

/// The journal on a real disk: everything a node says waits for one of these commits.
enum JournalBenchmarks {
    private static let sync = "journal disk alone: 4 KiB and fdatasync"
    private static let one = "journal commit one vote"
    private static let group = "journal commit one vote, many callers"
    private static let decision = "journal commit a decided slot"
    private static let callers = 32

    static func run(_ bench: inout Bench) async throws {
        guard bench.wantsAny(of: [sync, one, group, decision].flatMap { [$0 + " p50", $0 + " p99", $0 + " rate"] })
        else { return }
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let commits = bench.isQuick ? 100 : 2000

        if bench.wants(sync) { record(&bench, sync, n: 1, try disk(folder, writes: commits)) }
        let journal = try Journal(
            path: folder.path("journal.sqlite"),
            binding: JournalBinding(lockHash: SHA256.hash([1]), genesisValidatorsRoot: SHA256.hash([2]))
        ) { Instant(unixSeconds: 1_700_000_000) }
        // Warm: the first commits create pages and compile statements.
        _ = try await latencies(journal, callers: 1, commits: 50) {
            [.vote(.attester(slot: Slot($0)), prepare, values: [:])]
        }

        record(
            &bench, one, n: 1,
            try await latencies(journal, callers: 1, commits: commits) {
                [.vote(.attester(slot: Slot(1_000_000 + $0)), prepare, values: [:])]
            })
        record(
            &bench, group, n: callers,
            try await latencies(journal, callers: callers, commits: commits * 2) {
                [.vote(.attester(slot: Slot(2_000_000 + $0)), prepare, values: [:])]
            })
        for validators in [4, 31] {
            record(
                &bench, decision, n: validators,
                try await latencies(journal, callers: 1, commits: commits / 4) {
                    decided(slot: 3_000_000 + UInt64(validators) * 100_000 + $0, validators: validators)
                })
        }
        let metrics = journal.metrics
        bench.record("journal calls in the largest transaction", n: callers, Double(metrics.largestGroup), "calls", nil)
        await journal.close()
    }

    private struct Latencies: Sendable {
        /// Microseconds of each call.
        let each: [Double]
        let wholeNanoseconds: Int64
    }

    private static func record(_ bench: inout Bench, _ name: String, n: Int, _ latencies: Latencies) {
        let percentiles = Percentiles(latencies.each)
        let rate = Double(latencies.each.count) * 1_000_000_000 / Double(latencies.wholeNanoseconds)
        bench.record(name + " p50", n: n, percentiles[50], "µs", .wall)
        bench.record(name + " p99", n: n, percentiles[99], "µs", .wall)
        bench.record(name + " rate", n: n, rate, "1/s", .wall)
    }

    /// Each caller commits, waits, and commits again. `records` gets a number that is used once.
    private static func latencies(
        _ journal: Journal, callers: Int, commits: Int, records: @escaping @Sendable (UInt64) -> [Record]
    ) async throws -> Latencies {
        let start = Clock.wall.nanoseconds
        let each = try await withThrowingTaskGroup(of: [Double].self) { group in
            for caller in 0..<callers {
                group.addTask {
                    var each: [Double] = []
                    for number in stride(from: caller, to: commits, by: callers) {
                        let batch = records(UInt64(number))
                        let start = Clock.wall.nanoseconds
                        try await journal.commit(batch)
                        each.append(Double(Clock.wall.nanoseconds - start) / 1000)
                    }
                    return each
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return Latencies(each: each, wholeNanoseconds: Clock.wall.nanoseconds - start)
    }

    /// What the disk takes without any of our code, for comparison.
    private static func disk(_ folder: ScratchFolder, writes: Int) throws -> Latencies {
        let file = open(folder.path("sync"), O_CREAT | O_WRONLY, 0o600)
        try require(file >= 0, "open a file in \(folder.path(""))")
        defer { close(file) }
        let page = [UInt8](repeating: 0x5A, count: 4096)
        var each: [Double] = []
        let begin = Clock.wall.nanoseconds
        for number in 0..<writes {
            let start = Clock.wall.nanoseconds
            // Like a write-ahead log: the same thousand pages over and over.
            try require(pwrite(file, page, page.count, off_t(number % 1000 * page.count)) == page.count, "write a page")
            try require(fdatasync(file) == 0, "flush a page")
            each.append(Double(Clock.wall.nanoseconds - start) / 1000)
        }
        return Latencies(each: each, wholeNanoseconds: Clock.wall.nanoseconds - begin)
    }

    // MARK: - Records

    private static let prepare = QBFT.Message(
        .prepare, round: 1, source: 2, value: SHA256.hash([9]), signature: [UInt8](repeating: 6, count: 65))

    /// What a node makes durable when consensus decides, before it answers its validator client.
    private static func decided(slot: UInt64, validators: Int) -> [Record] {
        let duty = Duty.attester(slot: Slot(slot))
        let data = attestationData(slot: slot)
        let values = Dictionary(
            uniqueKeysWithValues: (0..<validators).map { index in
                (pubKey(index), UnsignedData.attester(data, attesterDuty(index, slot: slot)))
            })
        return [.unsigned(duty, values)]
            + values.keys.sorted().map { key in
                .attestationWatermark(
                    key,
                    AttestationWatermark(
                        source: Epoch(slot), target: Epoch(slot + 1), dataRoot: SHA256.hash([UInt8(slot & 0xFF)])))
            }
    }
}
