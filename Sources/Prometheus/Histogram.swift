import Synchronization

/// How often values fell into which bucket. Safe from any thread.
package final class Histogram<Labels: LabelSet>: Metric {
    package let name: String
    package let help: String
    package let buckets: [Double]
    private let table: Mutex<SeriesTable<Labels, Distribution>>

    init(_ name: String, _ help: String, buckets: [Double], seriesMax: Int) {
        self.name = name
        self.help = help
        self.buckets = buckets
        table = Mutex(SeriesTable(seriesMax: seriesMax))
    }

    package var kind: MetricKind { .histogram }
    package var labelNames: [String] { Labels.names }

    /// What is no number is left out: it would spoil the sum for good.
    ///
    /// - Parameter times: how often it was seen, 1 or more.
    package func observe(_ value: Double, times: Int = 1, _ labels: Labels) {
        guard value.isFinite, times > 0 else { return }
        table.withLock {
            $0.update(labels, default: Distribution(buckets: buckets.count)) {
                $0.observe(value, times: times, bounds: buckets)
            }
        }
    }

    /// Makes the series known before there is a value: a dashboard shows zero instead of nothing.
    package func know(_ labels: Labels) {
        table.withLock { $0.update(labels, default: Distribution(buckets: buckets.count)) { _ in } }
    }

    /// In seconds.
    package func observe(_ duration: Duration, times: Int = 1, _ labels: Labels) {
        observe(duration.inSeconds, times: times, labels)
    }

    package var series: [Series] {
        let copy = table.withLock { $0 }
        return copy.series { .distribution($0) }
    }
}

extension Duration {
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
