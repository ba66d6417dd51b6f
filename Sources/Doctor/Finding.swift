import DutyWorkflow
import Ethereum

/// Something that is wrong, said so that its reader can mend it.
package struct Finding: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
        /// Duties fail, or may get validators slashed.
        case error
        /// Duties may fail, or one more loss makes them fail.
        case warning
        /// Worth knowing.
        case info

        private var order: Int {
            switch self {
            case .error: 0
            case .warning: 1
            case .info: 2
            }
        }

        /// The gravest first.
        package static func < (a: Self, b: Self) -> Bool { a.order < b.order }
    }

    package let id: FindingID
    /// Which of several, e.g. the beacon node's name; empty if there can be one only. With the id it tells whether two
    /// findings are the same one: sentences hold numbers that change.
    package let subject: String
    package let layer: Layer
    package let severity: Severity
    /// One sentence.
    package let sentence: String
    package let cure: String

    init(
        _ id: FindingID, of subject: String = "", _ layer: Layer, _ severity: Severity, _ sentence: String, cure: String
    ) {
        self.id = id
        self.subject = subject
        self.layer = layer
        self.severity = severity
        self.sentence = sentence
        self.cure = cure
    }
}
