import Synchronization

/// A number that is what it is now. Safe from any thread.
package final class Gauge<Labels: LabelSet>: Metric {
    package let name: String
    package let help: String
    private let table: Mutex<SeriesTable<Labels, Double>>

    init(_ name: String, _ help: String, seriesMax: Int) {
        self.name = name
        self.help = help
        table = Mutex(SeriesTable(seriesMax: seriesMax))
    }

    package var kind: MetricKind { .gauge }
    package var labelNames: [String] { Labels.names }
    package var buckets: [Double] { [] }

    package func set(_ value: Double, _ labels: Labels) {
        table.withLock { $0.update(labels, default: 0) { $0 = value } }
    }

    /// All series of the gauge: others are forgotten.
    package func replace(_ series: some Sequence<(Labels, Double)>) {
        table.withLock { table in
            table.removeAll()
            for (labels, value) in series { table.update(labels, default: 0) { $0 = value } }
        }
    }

    package var series: [Series] {
        let copy = table.withLock { $0 }
        return copy.series { .number($0) }
    }
}

extension Gauge where Labels == NoLabels {
    package func set(_ value: Double) { set(value, NoLabels()) }
}
