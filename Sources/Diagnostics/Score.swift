/// What a target or a category is worth; the smaller letter is the better one. Source: spec/operations.md §4.3.
package enum Score: String, Comparable, Sendable, CaseIterable {
    case a = "A"
    case b = "B"
    case c = "C"

    /// Of one target: C with anything poor or failed, unless the failure is acceptable; else B with more Avg than Good.
    init(_ results: [CaseResult]) {
        let isBad = results.contains { $0.verdict == .poor || $0.verdict == .fail && !$0.isAcceptable }
        let balance = results.reduce(0) { sum, result in
            switch result.verdict {
            case .good: sum + 1
            case .average: sum - 1
            case .ok, .poor, .fail, .skip: sum
            }
        }
        self = isBad ? .c : balance < 0 ? .b : .a
    }

    package static func < (left: Score, right: Score) -> Bool { left.rawValue < right.rawValue }
}
