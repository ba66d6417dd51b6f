/// What Prometheus makes of a metric.
package enum MetricKind: String, Sendable { case counter, gauge, histogram }

/// A metric of the registry, as the exposition sees it.
package protocol Metric: Sendable {
    var kind: MetricKind { get }
    var name: String { get }
    var help: String { get }
    var labelNames: [String] { get }
    /// Upper bounds of a histogram, ascending, without infinity; else empty.
    var buckets: [Double] { get }
    /// As it is now; in no order.
    var series: [Series] { get }
}

/// One line of a counter or gauge, one group of lines of a histogram.
package struct Series: Equatable, Sendable {
    package enum Value: Equatable, Sendable {
        case number(Double)
        case distribution(Distribution)
    }

    /// Of the metric's own labels, in their order.
    package let labels: [String]
    package let value: Value
}

/// What a histogram has seen.
package struct Distribution: Equatable, Sendable {
    /// One for each bucket and one for what lies above all; not cumulative.
    package private(set) var counts: [UInt64]
    package private(set) var sum = 0.0

    init(buckets: Int) { counts = Array(repeating: 0, count: buckets + 1) }

    package var count: UInt64 { counts.reduce(0, +) }

    /// A value on a bound belongs to the bucket below it.
    mutating func observe(_ value: Double, times: Int = 1, bounds: [Double]) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += UInt64(times)
        sum += value * Double(times)
    }
}
