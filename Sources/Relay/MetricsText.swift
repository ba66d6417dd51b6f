/// Prometheus' text format 0.0.4, as far as a relay needs it. Pure.
struct MetricsText {
    enum Kind: String { case counter, gauge, histogram }

    struct Sample {
        let suffix: String
        let labels: [(String, String)]
        let value: Double

        init(_ value: Double, _ labels: [(String, String)], suffix: String = "") {
            self.suffix = suffix
            self.labels = labels
            self.value = value
        }
    }

    private(set) var text = ""
    /// On every sample, after its own.
    private let constantLabels: [(String, String)]

    init(constantLabels: [(String, String)] = []) { self.constantLabels = constantLabels }

    mutating func family(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = (sample.labels + constantLabels).map { "\($0.0)=\"\(Self.escaped($0.1))\"" }
            let all = labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
            text += "\(name)\(sample.suffix)\(all) \(Self.number(sample.value))\n"
        }
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// Whole numbers without a point, as Go writes them.
    private static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return "\(whole)" }
        return value == .infinity ? "+Inf" : "\(value)"
    }
}

/// Observations in Prometheus' default buckets; seconds.
struct LatencyHistogram: Sendable {
    static let bounds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    private var counts = [UInt64](repeating: 0, count: bounds.count)
    private var sum = 0.0
    private var count: UInt64 = 0

    mutating func observe(_ latency: Duration) {
        let seconds = latency / .seconds(1)
        for (index, bound) in Self.bounds.enumerated() where seconds <= bound { counts[index] += 1 }
        sum += seconds
        count += 1
    }

    func samples(_ labels: [(String, String)]) -> [MetricsText.Sample] {
        let buckets = zip(Self.bounds, counts).map { bound, count in
            MetricsText.Sample(Double(count), labels + [("le", "\(bound)")], suffix: "_bucket")
        }
        return buckets + [
            MetricsText.Sample(Double(count), labels + [("le", "+Inf")], suffix: "_bucket"),
            MetricsText.Sample(sum, labels, suffix: "_sum"),
            MetricsText.Sample(Double(count), labels, suffix: "_count"),
        ]
    }
}
