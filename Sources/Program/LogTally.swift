import Synchronization

/// How many warnings and errors this process has logged, by topic, and what did not reach Loki: for metrics. The log's
/// output counts.
package enum LogTally {
    package struct Count: Equatable, Sendable {
        package fileprivate(set) var warnings: UInt64 = 0
        package fileprivate(set) var errors: UInt64 = 0
    }

    package enum Severity: Sendable { case warning, error }

    private static let tally = Mutex<[String: Count]>([:])
    private static let loki = Atomic<UInt64>(0)

    /// By topic of `LogTopics`.
    package static var counts: [String: Count] { tally.withLock { $0 } }
    /// Lines that did not reach Loki.
    package static var lokiDropped: UInt64 { loki.load(ordering: .relaxed) }

    package static func note(_ severity: Severity, topic: String) {
        let topic = LogTopics.bounded(topic)
        tally.withLock { tally in
            switch severity {
            case .warning: tally[topic, default: Count()].warnings += 1
            case .error: tally[topic, default: Count()].errors += 1
            }
        }
    }

    /// - Parameter dropped: in all, from the start on. Never falls.
    package static func noteLoki(dropped: UInt64) { loki.max(dropped, ordering: .relaxed) }
}
