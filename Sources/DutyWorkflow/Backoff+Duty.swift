import Timing

extension Backoff {
    /// Of the duty retryer. Source: workflow.md §14.
    static let duty = Backoff(base: .milliseconds(250), max: .seconds(12), jitter: 0.1)
}
