import Cluster
import Ethereum
import SSZ

/// What `/debug/doctor` says, for programs: `{"checked_at":…,"findings":[{"id","layer","severity","sentence","cure",
/// "since"}]}`, times in RFC 3339.
package struct DoctorReport: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let id: String
        package let layer: String
        package let severity: Finding.Severity
        package let sentence: String
        package let cure: String
        package let since: String
    }

    /// Nil while nothing was looked at yet.
    package let checkedAt: String?
    package let entries: [Entry]

    package init(checkedAt: Instant?, _ cases: [CaseHistory.Case]) {
        self.checkedAt = checkedAt.map { RFC3339.seconds($0) }
        entries = cases.map { found in
            Entry(
                id: found.finding.id.rawValue, layer: found.finding.layer.rawValue, severity: found.finding.severity,
                sentence: found.finding.sentence, cure: found.finding.cure, since: RFC3339.seconds(found.since))
        }
    }

    package var json: JSONValue {
        [
            "checked_at": checkedAt.map { JSONValue.string($0) } ?? .null,
            "findings": .array(
                entries.map { entry -> JSONValue in
                    [
                        "id": .string(entry.id), "layer": .string(entry.layer),
                        "severity": .string(entry.severity.rawValue), "sentence": .string(entry.sentence),
                        "cure": .string(entry.cure), "since": .string(entry.since),
                    ]
                }),
        ]
    }

    /// Findings of a page; more are not read.
    private static let entriesMax = 10_000

    /// - Throws: unless it is such a page.
    package init(json: JSONValue) throws(SSZError) {
        let checkedAt = try json.member("checked_at")
        guard checkedAt.isNull || checkedAt.string != nil else { throw SSZError(.json(expected: "string or null")) }
        self.checkedAt = checkedAt.string
        entries = try json.member("findings").elements(limit: Self.entriesMax) { (item) throws(SSZError) -> Entry in
            func text(_ name: String) throws(SSZError) -> String {
                guard let text = try item.member(name).string else { throw SSZError(.json(expected: "string")) }
                return text
            }
            guard let severity = Finding.Severity(rawValue: try text("severity")) else {
                throw SSZError(.json(expected: "severity"))
            }
            return Entry(
                id: try text("id"), layer: try text("layer"), severity: severity, sentence: try text("sentence"),
                cure: try text("cure"), since: try text("since"))
        }
    }

    package var hasErrors: Bool { entries.contains { $0.severity == .error } }

    /// For people: one paragraph a finding.
    package var text: String {
        guard let checkedAt else { return "Nothing was looked at yet; ask again in a moment.\n" }
        guard !entries.isEmpty else { return "✔ nothing is wrong (looked at \(checkedAt))\n" }
        var text = ""
        for entry in entries {
            let sign =
                switch entry.severity {
                case .error: "✘"
                case .warning: "!"
                case .info: "i"
                }
            text += "\(sign) \(entry.severity.rawValue), \(entry.layer): \(entry.sentence)\n"
            text += "    \(entry.cure)\n"
            text += "    since \(entry.since); docs/runbook.md, \(entry.id)\n"
        }
        return text
    }
}
