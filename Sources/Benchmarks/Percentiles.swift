/// Latencies in order, for "half of all were at most this".
struct Percentiles {
    private let sorted: [Double]

    init(_ values: [Double]) { sorted = values.sorted() }

    var count: Int { sorted.count }

    /// The smallest value that at least `percent` (0...100) of the values do not exceed; zero without values.
    subscript(percent: Double) -> Double {
        guard let last = sorted.last else { return 0 }
        let rank = Int((percent / 100 * Double(sorted.count)).rounded(.up))
        return rank > sorted.count ? last : sorted[max(0, rank - 1)]
    }
}
