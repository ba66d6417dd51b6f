import Ethereum

/// How long the disk takes.
package struct CommitTimings: Hashable, Sendable {
    private static let countMax = 64

    /// From the last record written until the transaction was on disk; of the last commits, oldest first.
    package private(set) var recent: [Duration] = []
    package private(set) var lastAt: Instant?

    package init() {}

    mutating func note(_ took: Duration, at now: Instant) {
        if recent.count >= Self.countMax { recent.removeFirst() }
        recent.append(took)
        lastAt = now
    }
}
