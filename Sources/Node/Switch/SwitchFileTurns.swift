/// When a plan's file is taken up: if it is another one than last time, and now and then if that failed, since what was
/// wrong may be mended elsewhere.
struct SwitchFileTurns<Fingerprint: Equatable & Sendable>: Sendable {
    static var retryAfter: Duration { .seconds(60) }

    private var seen: Fingerprint?
    private var failure: String?
    private var retryAt: ContinuousClock.Instant?

    /// - Parameter found: nil if there is no file.
    mutating func isDue(_ found: Fingerprint?, at now: ContinuousClock.Instant) -> Bool {
        let isRetry = found != nil && retryAt.map { $0 <= now } ?? false
        defer { seen = found }
        return isRetry || found != seen
    }

    /// - Returns: whether to tell it: the same is told once.
    mutating func failed(_ why: String, at now: ContinuousClock.Instant) -> Bool {
        retryAt = now + Self.retryAfter
        defer { failure = why }
        return failure != why
    }

    mutating func succeeded() { (failure, retryAt) = (nil, nil) }
}
