import Foundation

/// Order statistics of durations, for people.
enum Percentile {
    /// - Parameter share: 0 … 1; 1 is the maximum. nil without values.
    static func of(_ values: [Duration], _ share: Double) -> Duration? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return sorted[min(sorted.count - 1, Int((Double(sorted.count - 1) * share).rounded(.up)))]
    }

    static func milliseconds(_ duration: Duration) -> Double { duration / .milliseconds(1) }

    /// Two of them, in at most 17 characters below 100 seconds; the first is half of all.
    static func span(_ values: [Duration], _ share: Double) -> String {
        guard let half = of(values, 0.5), let other = of(values, share) else { return "–" }
        func short(_ duration: Duration) -> String { String(format: "%.1f", milliseconds(duration)) }
        func long(_ duration: Duration) -> String { String(format: "%.2f", duration / .seconds(1)) }
        let limit = Duration.microseconds(999_950)
        if other < limit { return "\(short(half)) / \(short(other)) ms" }
        return half < limit ? "\(short(half)) ms / \(long(other)) s" : "\(long(half)) / \(long(other)) s"
    }
}
