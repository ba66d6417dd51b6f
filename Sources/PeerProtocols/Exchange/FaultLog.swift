import DutyWorkflow

/// Which of many alike lines about peers are worth writing: the first of a peer and kind, then one in a while, with the
/// number of those that were kept quiet. A peer that repeats a fault cannot fill a log, and nothing goes uncounted.
///
/// Kinds are this program's words, so there are no more entries than peers × kinds.
package struct FaultLog: Sendable {
    package struct Key: Hashable, Sendable {
        /// Nil: no operator.
        package let peer: PeerIndex?
        package let kind: String
    }

    package enum Verdict: Equatable, Sendable {
        /// Write it; so many were kept quiet since the last line.
        case tell(suppressed: UInt64)
        case keepQuiet
    }

    private struct Entry {
        var total: UInt64 = 0
        var suppressed: UInt64 = 0
        var lastTold: ContinuousClock.Instant?
    }

    private let pause: Duration
    private var entries: [Key: Entry] = [:]

    /// - Parameter pause: between two lines of one peer and kind; a mainnet slot.
    package init(pause: Duration = .seconds(12)) { self.pause = pause }

    package mutating func note(_ kind: String, of peer: PeerIndex?, at now: ContinuousClock.Instant) -> Verdict {
        let key = Key(peer: peer, kind: kind)
        var entry = entries[key] ?? Entry()
        defer { entries[key] = entry }
        entry.total += 1
        if let last = entry.lastTold, now - last < pause {
            entry.suppressed += 1
            return .keepQuiet
        }
        entry.lastTold = now
        defer { entry.suppressed = 0 }
        return .tell(suppressed: entry.suppressed)
    }

    /// How often each happened, told or not.
    package var totals: [Key: UInt64] { entries.mapValues(\.total) }
}
