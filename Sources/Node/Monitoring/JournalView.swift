import Cluster
import Foundation
import SSZ
import Storage

/// The page `/debug/journal`. Times are RFC 3339, durations decimal milliseconds.
struct JournalView {
    let state: JournalState

    var json: JSONValue {
        let sorted = state.timings.recent.sorted()
        return [
            "file": .string(state.path),
            "created_at": state.createdAt.map { .string(RFC3339.seconds($0)) } ?? .null,
            "schema": JSONValue(state.schema), "file_bytes": JSONValue(state.fileBytes),
            "wal_bytes": JSONValue(state.logBytes),
            "last_commit_at": state.timings.lastAt.map { .string(RFC3339.seconds($0)) } ?? .null,
            "commit_ms_median": sorted.isEmpty ? .null : Self.milliseconds(sorted[sorted.count / 2]),
            "commit_ms_max": sorted.last.map(Self.milliseconds) ?? .null,
            "commits": JSONValue(state.metrics.commits), "records": JSONValue(state.metrics.records),
            "calls_refused": JSONValue(state.metrics.refused), "calls_waiting": JSONValue(state.metrics.waiting),
            "partials_dropped": JSONValue(state.metrics.partialsDropped),
            "rows_swept": JSONValue(state.metrics.rowsSwept),
            "stopped_because": state.failure.map { .string($0) } ?? .null,
            "rows": .object(JSONObject(state.rows.sorted { $0.key < $1.key }.map { ($0, JSONValue($1)) })),
        ]
    }

    private static func milliseconds(_ duration: Duration) -> JSONValue {
        .number(String(format: "%.3f", duration / .milliseconds(1)))
    }
}
