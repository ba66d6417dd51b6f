import Timing

extension Backoff {
    /// For what usually answers soon.
    static let fast = Backoff(base: .milliseconds(100), max: .seconds(5))

    /// For an event stream: as long as the server asks, at most twice that.
    static func reconnect(after retry: Duration) -> Backoff { Backoff(base: retry, max: retry * 2, jitter: 0) }
}
