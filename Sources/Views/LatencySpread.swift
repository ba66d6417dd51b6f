/// How long something took, over and over: order statistics and a histogram.
package struct LatencySpread: Hashable, Sendable {
    /// Upper bounds of the buckets, in milliseconds; one more bucket takes what is above.
    package static let boundsMs: [Int64] = [5, 10, 25, 50, 100, 250, 500, 1000, 2000, 4000, 8000]

    let count: Int
    let p50: Duration
    let p90: Duration
    let p99: Duration
    let max: Duration
    /// How many fell into each bucket, not summed up; one more than there are bounds.
    let buckets: [Int]

    /// Nil without values. What is below zero, as when a clock was set back, counts as zero.
    init?(_ values: [Duration]) {
        guard !values.isEmpty else { return nil }
        let sorted = values.map { Swift.max($0, .zero) }.sorted()
        func rank(_ percent: Int) -> Duration { sorted[((sorted.count - 1) * percent + 99) / 100] }
        (count, p50, p90, p99, max) = (sorted.count, rank(50), rank(90), rank(99), rank(100))
        var buckets = Array(repeating: 0, count: Self.boundsMs.count + 1)
        for value in sorted {
            buckets[Self.boundsMs.firstIndex { value <= .milliseconds($0) } ?? Self.boundsMs.count] += 1
        }
        self.buckets = buckets
    }
}
