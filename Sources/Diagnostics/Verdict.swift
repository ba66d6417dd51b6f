/// What a case says of its target. Source: spec/operations.md §4.3.
package enum Verdict: String, Hashable, Sendable, CaseIterable {
    /// Of cases that only pass or fail.
    case ok = "OK"
    case good = "Good"
    case average = "Avg"
    case poor = "Poor"
    case fail = "Fail"
    /// Was not to be run, or could not be.
    case skip = "Skip"
}
