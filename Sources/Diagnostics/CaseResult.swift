import SSZ

/// One line of the report.
package struct CaseResult: Hashable, Sendable {
    let name: String
    let finding: Finding

    var verdict: Verdict { finding.verdict }
    var isAcceptable: Bool { finding.isAcceptable }

    /// Without what is empty, but always with `error`. Source: spec/cli-create.md §13.
    var json: JSONValue {
        var object = JSONObject([("name", .string(name)), ("verdict", .string(finding.verdict.rawValue))])
        for (member, text) in [("measurement", finding.measurement), ("suggestion", finding.suggestion)] {
            if let text, !text.isEmpty { object.append(member, .string(text)) }
        }
        object.append("error", .string(finding.error))
        return .object(object)
    }
}
