import Synchronization

/// A number that only grows. Safe from any thread; a lock of its own is held for the length of an addition.
package final class Counter<Labels: LabelSet>: Metric {
    package let name: String
    package let help: String
    private let table: Mutex<SeriesTable<Labels, Double>>

    init(_ name: String, _ help: String, seriesMax: Int) {
        self.name = name
        self.help = help
        table = Mutex(SeriesTable(seriesMax: seriesMax))
    }

    package var kind: MetricKind { .counter }
    package var labelNames: [String] { Labels.names }
    package var buckets: [Double] { [] }

    /// Zero makes the series known: rates need a point to start from. What is below zero or no number is left out.
    package func add(_ amount: Double = 1, _ labels: Labels) {
        guard amount >= 0, amount.isFinite else { return }
        table.withLock { $0.update(labels, default: 0) { $0 += amount } }
    }

    /// For what somebody else counts. A total below what is known changes nothing: counters do not fall.
    package func advance(to total: Double, _ labels: Labels) {
        guard total >= 0, total.isFinite else { return }
        table.withLock { $0.update(labels, default: 0) { $0 = max($0, total) } }
    }

    package var series: [Series] {
        let copy = table.withLock { $0 }
        return copy.series { .number($0) }
    }
}

extension Counter where Labels == NoLabels {
    package func add(_ amount: Double = 1) { add(amount, NoLabels()) }
    package func advance(to total: Double) { advance(to: total, NoLabels()) }
}
