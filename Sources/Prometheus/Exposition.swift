/// The text that Prometheus scrapes, format 0.0.4.
///
/// Metrics come by name, series by label values: two scrapes of the same state are the same text. A metric without
/// any series is left out. Source: prometheus.io/docs/instrumenting/exposition_formats.
package struct Exposition: Sendable {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package let text: String

    package init(_ registry: MetricRegistry) {
        var text = ""
        for metric in registry.metrics.sorted(by: { $0.name < $1.name }) {
            let series = metric.series.sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
            guard !series.isEmpty else { continue }
            text += "# HELP \(metric.name) \(Self.escapedHelp(metric.help))\n"
            text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for one in series {
                let labels =
                    registry.constantLabels.map { Self.pair($0.name, $0.value) }
                    + zip(metric.labelNames, one.labels).map { Self.pair($0, $1) }
                Self.append(one.value, of: metric, labels, to: &text)
            }
        }
        self.text = text
    }

    private static func append(_ value: Series.Value, of metric: any Metric, _ labels: [String], to text: inout String)
    {
        switch value {
        case .number(let number): text += line(metric.name, labels, Self.text(number))
        case .distribution(let distribution):
            var cumulative: UInt64 = 0
            for (bound, count) in zip(metric.buckets + [.infinity], distribution.counts) {
                cumulative += count
                text += line(metric.name + "_bucket", labels + [pair("le", Self.text(bound))], "\(cumulative)")
            }
            text += line(metric.name + "_sum", labels, Self.text(distribution.sum))
            text += line(metric.name + "_count", labels, "\(cumulative)")
        }
    }

    private static func line(_ name: String, _ labels: [String], _ value: String) -> String {
        labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels.joined(separator: ","))} \(value)\n"
    }

    private static func pair(_ name: String, _ value: String) -> String { "\(name)=\"\(escapedLabel(value))\"" }

    static func escapedHelp(_ text: String) -> String { escaped(text, quotes: false) }
    static func escapedLabel(_ text: String) -> String { escaped(text, quotes: true) }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        // By scalar: a carriage return and a line feed are one character.
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Whole numbers without a point, as Go writes them: a dashboard asks for the bucket `4`.
    static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
