/// Makes metrics and lists them for the exposition. Filled once, at the start; the metrics themselves are thread-safe.
package struct MetricRegistry: Sendable {
    /// Series of one metric if its declaration does not say; more end in one called `other`.
    package static let seriesMax = 1000

    /// In front of every metric's own labels.
    package let constantLabels: [(name: String, value: String)]
    package private(set) var metrics: [any Metric] = []

    /// - Precondition: the names are legal and differ.
    package init(constantLabels: [(name: String, value: String)] = []) {
        precondition(Set(constantLabels.map(\.name)).count == constantLabels.count)
        precondition(constantLabels.allSatisfy { Self.isLegal($0.name) })
        self.constantLabels = constantLabels
    }

    package mutating func counter<Labels>(
        _ name: String, _ help: String, _ labels: Labels.Type = NoLabels.self, seriesMax: Int = Self.seriesMax
    ) -> Counter<Labels> {
        let metric = Counter<Labels>(name, help, seriesMax: seriesMax)
        add(metric)
        return metric
    }

    package mutating func gauge<Labels>(
        _ name: String, _ help: String, _ labels: Labels.Type = NoLabels.self, seriesMax: Int = Self.seriesMax
    ) -> Gauge<Labels> {
        let metric = Gauge<Labels>(name, help, seriesMax: seriesMax)
        add(metric)
        return metric
    }

    /// - Parameter buckets: upper bounds, ascending, without infinity.
    package mutating func histogram<Labels>(
        _ name: String, _ help: String, _ labels: Labels.Type = NoLabels.self, buckets: [Double],
        seriesMax: Int = Self.seriesMax
    ) -> Histogram<Labels> {
        precondition(zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 } && !buckets.isEmpty)
        precondition(buckets.allSatisfy(\.isFinite))
        precondition(!Labels.names.contains("le"))
        let metric = Histogram<Labels>(name, help, buckets: buckets, seriesMax: seriesMax)
        add(metric)
        return metric
    }

    private mutating func add(_ metric: any Metric) {
        precondition(Self.isLegal(metric.name), "metric name \(metric.name)")
        precondition(metrics.allSatisfy { $0.name != metric.name }, "metric \(metric.name) is declared twice")
        let labels = constantLabels.map(\.name) + metric.labelNames
        precondition(metric.labelNames.allSatisfy(Self.isLegal), "labels of \(metric.name)")
        precondition(Set(labels).count == labels.count, "metric \(metric.name) has a label twice")
        metrics.append(metric)
    }

    /// Letters, digits and `_`, no digit first: what both metrics and labels may be called.
    private static func isLegal(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5f
        }
    }
}
