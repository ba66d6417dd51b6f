import Synchronization

/// How many warnings and errors this process has logged, by topic: for metrics. The log's output counts.
package enum LogTally {
    package struct Count: Equatable, Sendable {
        package fileprivate(set) var warnings: UInt64 = 0
        package fileprivate(set) var errors: UInt64 = 0
    }

    package enum Severity: Sendable { case warning, error }

    /// Topics are few and ours; more are not counted.
    private static let topicsMax = 64
    private static let tally = Mutex<[String: Count]>([:])

    package static var counts: [String: Count] { tally.withLock { $0 } }

    package static func note(_ severity: Severity, topic: String) {
        tally.withLock { tally in
            guard tally[topic] != nil || tally.count < topicsMax else { return }
            switch severity {
            case .warning: tally[topic, default: Count()].warnings += 1
            case .error: tally[topic, default: Count()].errors += 1
            }
        }
    }
}
