import Cluster
import Foundation
import SSZ

/// How long a beacon node took for what a simulated cluster asked.
struct SimulationReport: Sendable {
    private struct Row: Sendable {
        var times: [Duration] = []
        /// Answers with a status from 400 on.
        var refused = 0
    }

    /// Questions about what there is not.
    private static let answeredByNobody: Set<String> = [
        "GET /eth/v2/validator/aggregate_attestation", "GET /eth/v1/validator/sync_committee_contribution",
    ]

    let mix: ValidatorMix
    private var rows: [String: Row] = [:]
    /// Requests without an answer.
    private(set) var failures = 0
    private var firstFailure = ""

    init(mix: ValidatorMix) { self.mix = mix }

    mutating func note(_ name: String, _ time: Duration, status: Int) {
        rows[name, default: Row()].times.append(time)
        if status >= 400 { rows[name]?.refused += 1 }
    }

    mutating func noteFailure(_ name: String, _ reason: String) {
        if failures == 0 { firstFailure = "\(name): \(reason)" }
        failures += 1
    }

    private var requests: Int { rows.values.reduce(failures) { $0 + $1.times.count } }

    /// By the longest round trip.
    var finding: Finding {
        var finding = Finding.measured(rows.values.flatMap(\.times).max() ?? .zero, .beaconSimulation)
        let questions = rows.filter { $0.key.hasPrefix("GET ") && !Self.answeredByNobody.contains($0.key) }.values
        let refused = questions.reduce(0) { $0 + $1.refused }
        if refused > 0 {
            let all = questions.reduce(0) { $0 + $1.times.count }
            finding.suggestion =
                "the node refused \(refused) of \(all) questions, and their times say little: see the file"
        }
        if failures > 0 {
            finding.verdict = .fail
            finding.error = "\(failures) of \(requests) requests got no answer, the first: \(firstFailure)"
        }
        return finding
    }

    /// Times are decimal milliseconds.
    func json(isVerbose: Bool) -> JSONValue {
        let endpoints = rows.sorted { $0.key < $1.key }.map { name, row in
            let times = row.times.sorted()
            var object = JSONObject([
                ("requests", JSONValue(times.count)), ("refused", JSONValue(row.refused)),
                ("median_ms", milliseconds(times[times.count / 2])),
                ("p90_ms", milliseconds(times[times.count * 9 / 10])),
                ("max_ms", milliseconds(times[times.count - 1])),
            ])
            if isVerbose { object.append("all_ms", .array(row.times.map(milliseconds))) }
            return (name, JSONValue.object(object))
        }
        return [
            "validators": [
                "attesters": JSONValue(mix.attesters), "proposers": JSONValue(mix.proposers),
                "sync_committee_members": JSONValue(mix.syncMembers),
            ],
            "requests": JSONValue(requests), "without_answer": JSONValue(failures),
            "endpoints": .object(JSONObject(endpoints)),
        ]
    }

    private func milliseconds(_ time: Duration) -> JSONValue {
        .number(String(format: "%.3f", time / .milliseconds(1)))
    }

    func write(inDirectory directory: String, name: String, isVerbose: Bool) throws {
        let text = json(isVerbose: isVerbose).text(indent: " ") + "\n"
        try FileAccess.replace(
            FileAccess.join(directory, name), Array(text.utf8), mode: 0o644, durable: false)
    }
}
