import DutyWorkflow

/// How a run went.
package struct MatrixSummary: Sendable {
    /// By point; `at random` for those that no point ended.
    package var kills: [String: Int] = [:]
    /// Lives that were to end at a point and did not come by in time: killed where they were.
    package var late: [String: Int] = [:]
    /// Seconds from a start until the node was ready and connected.
    package var recoveries: [Double] = []
    package var seconds = 0.0
    package var slots: UInt64 = 0
    package var duties: [DutyType: DutyCount.Row] = [:]
    package var missing: [String] = []
    package var statements = 0
    package var messages = 0
    package var contradictions: [String] = []
    /// What nodes said that could not be read, what the chain refused otherwise, nodes that ended by themselves.
    package var faults: [String] = []

    package static let random = "at random"

    package init() {}

    package var killCount: Int { kills.values.reduce(0, +) }
    package var owed: Int { duties.values.reduce(0) { $0 + $1.owed } }
    package var done: Int { duties.values.reduce(0) { $0 + $1.done } }

    /// Of the duties owed, percent, by type. With one node away the three others all have to be in time: on a loaded
    /// machine some of what has but a part of a short slot is late, and now and then an attestation.
    private static func donePercentMin(_ type: DutyType) -> Int { type == .attester ? 90 : 25 }

    /// Why the run is not good; nil if it is.
    package var verdict: String? {
        if !contradictions.isEmpty { return "\(contradictions.count) contradictions" }
        if !faults.isEmpty { return "\(faults.count) faults" }
        if messages == 0 || statements == 0 { return "nothing was heard" }
        if owed == 0 { return "no duty was owed: a quorum was never up for a whole slot" }
        let short = duties.sorted { $0.key < $1.key }.first { type, row in
            row.done * 100 < row.owed * Self.donePercentMin(type)
        }
        return short.map { "only \($0.value.done) of \($0.value.owed) duties of type \($0.key.name) were done" }
    }

    package var lines: [String] {
        var lines = ["kills by point:"]
        for (point, count) in kills.sorted(by: {
            ($0.key == Self.random ? 0 : 1, $0.key) < ($1.key == Self.random ? 0 : 1, $1.key)
        }) {
            lines.append("  \(Self.padded(point, 18)) \(count)" + (late[point].map { ", \($0) more too late" } ?? ""))
        }
        for (point, count) in late.sorted(by: { $0.key < $1.key }) where kills[point] == nil {
            lines.append("  \(Self.padded(point, 18)) 0, \(count) more too late")
        }
        lines.append("duties of all validators, while a quorum was up for the whole slot:")
        for (type, row) in duties.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(Self.padded(type.name, 18)) \(row.done) of \(row.owed), \(row.beyond) beyond")
        }
        if !missing.isEmpty { lines.append("  missing: \(missing.prefix(12).joined(separator: ", "))") }
        let sorted = recoveries.sorted()
        if let last = sorted.last {
            let median = sorted[sorted.count / 2]
            lines.append("back after a kill: median \(Self.tenths(median)) s, longest \(Self.tenths(last)) s")
        }
        lines.append("heard: \(messages) messages, \(statements) statements")
        lines += faults.prefix(16).map { "FAULT: \($0)" }
        lines += contradictions.prefix(16).map { "CONTRADICTION: \($0)" }
        if let verdict { lines.append("not good: \(verdict)") }
        let minute = seconds > 0 ? Double(killCount) * 60 / seconds : 0
        lines.append(
            "kill-matrix: \(killCount) kills in \(Int(seconds)) s (\(Self.tenths(minute)) a minute), \(slots) slots,"
                + " duties \(done) of \(owed), \(contradictions.count) contradictions")
        return lines
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
