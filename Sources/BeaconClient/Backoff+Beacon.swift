import Timing

extension Backoff {
    /// For what usually answers soon.
    package static let fast = Backoff(base: .milliseconds(100), max: .seconds(5))
}
