import Ethereum
import SSZ

/// What an examination of a journal's file found.
package struct JournalVerdict: Sendable {
    package enum Kind: String, Sendable {
        /// The bytes are not what this program writes.
        case damaged
        /// What it says cannot all be true, or protects nobody.
        case contradiction
        /// A later version of the program wrote it.
        case newer

        /// What to do.
        package var cure: String {
            switch self {
            case .damaged:
                "do not start the node on it and keep the file; put the last backup in its place and run `styx journal adopt`,"
                    + " or without one move it away and run `styx journal forget`"
            case .contradiction:
                "do not start the node on it: stop what signs with these keys, keep the file and report it"
            case .newer: "run the version that wrote it, or a later one"
            }
        }
    }

    package struct Problem: Equatable, Sendable {
        package let kind: Kind
        /// Where, and what.
        package let what: String
    }

    /// More are counted, not kept.
    static let problemsMax = 100

    package let path: String
    package internal(set) var schema: Int?
    package internal(set) var binding: JournalBinding?
    /// Rows read, by table.
    package internal(set) var rows: [String: Int] = [:]
    package private(set) var problems: [Problem] = []
    package private(set) var problemCount = 0
    /// Why a node would not go on with the file where it is, although it may be sound; nil if it would.
    package internal(set) var objection: JournalError?

    init(path: String) { self.path = path }

    package var isSound: Bool { problemCount == 0 }

    mutating func add(_ kind: Kind, _ what: String) {
        problemCount += 1
        if problems.count < Self.problemsMax { problems.append(Problem(kind: kind, what: what)) }
    }

    /// For people, a line each.
    package var lines: [String] {
        let total = rows.values.reduce(0, +)
        var lines = ["\(path): schema \(schema.map { "\($0)" } ?? "unknown"), \(total) rows read"]
        if let binding {
            let share = binding.share.map { "share \($0)" } ?? "no operator's yet"
            lines.append("cluster lock \(binding.lockHash), chain \(binding.genesisValidatorsRoot), \(share)")
        }
        lines += problems.map { "\($0.kind.rawValue): \($0.what)" }
        if problemCount > problems.count { lines.append("and \(problemCount - problems.count) more") }
        var told: Set<Kind> = []
        for problem in problems where told.insert(problem.kind).inserted {
            lines.append("\(problem.kind.rawValue) means: \(problem.kind.cure)")
        }
        if let objection { lines.append("a node would refuse it here: \(objection)") }
        if isSound { lines.append("sound: every row can be read, and nothing contradicts") }
        return lines
    }
}
