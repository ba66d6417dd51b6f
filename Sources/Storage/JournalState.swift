import Ethereum
import Foundation
import GRDB

/// What a journal is like on disk.
package struct JournalState: Sendable {
    package let path: String
    package let createdAt: Instant?
    package let fileBytes: UInt64
    /// Of the write-ahead log; 0 when there is none.
    package let logBytes: UInt64
    /// Rows, by table.
    package let rows: [String: Int]
    package let schema: Int
    package let timings: CommitTimings
    package let metrics: JournalMetrics
    /// Why nothing may be written any more.
    package let failure: String?
}

extension Journal {
    /// Counts rows on the journal's queue, some milliseconds for a hundred thousand: commits wait meanwhile, so ask
    /// seldom.
    package func inspect() async throws(JournalError) -> JournalState {
        let rows = try await perform("read journal") { db -> [String: Int] in
            let tables = try String.fetchAll(
                db,
                sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
            return try tables.reduce(into: [String: Int]()) { rows, table in
                rows[table] = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM \"\(table)\"") ?? 0
            }
        }
        return JournalState(
            path: path, createdAt: createdAt, fileBytes: Self.size(of: path), logBytes: Self.size(of: path + "-wal"),
            rows: rows, schema: Schema.version, timings: timings, metrics: metrics,
            failure: failure.map { "\($0)" })
    }

    private static func size(of path: String) -> UInt64 {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.uint64Value ?? 0
    }
}
