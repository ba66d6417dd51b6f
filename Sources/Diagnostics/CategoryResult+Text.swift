import Program

extension CategoryResult {
    private static let nameColumns = 64

    /// The report for people: a banner with the score, the cases of each target, suggestions and the time.
    package var text: String {
        let title = "\(category.rawValue) test"
        let rule = String(repeating: "=", count: Self.nameColumns + 16)
        var lines = [rule, "\(title): score \(score?.rawValue ?? "-")", rule, "", Self.row("TEST NAME", "RESULT")]
        var suggestions: [String] = []
        for (name, results) in targets {
            lines += ["", name]
            for result in results {
                let finding = result.finding
                let words = [finding.measurement ?? "", finding.verdict.rawValue].filter { !$0.isEmpty }
                let error = finding.error.isEmpty ? "" : " - \(finding.error)"
                lines.append(Self.row(result.name, words.joined(separator: " ") + error))
                if let suggestion = finding.suggestion { suggestions.append("\(result.name): \(suggestion)") }
            }
        }
        if !suggestions.isEmpty { lines += ["", "SUGGESTIONS"] + suggestions.map { "* \($0)" } }
        lines += ["", "total time: \(GoDuration.format(executionTime))", ""]
        return lines.map(Self.printable).joined(separator: "\n")
    }

    private static func row(_ name: String, _ result: String) -> String {
        name + String(repeating: " ", count: max(1, nameColumns - name.count)) + result
    }

    /// What others wrote shall not move the cursor.
    private static func printable(_ line: String) -> String {
        String(
            String.UnicodeScalarView(
                line.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{fffd}" : $0 }))
    }
}
