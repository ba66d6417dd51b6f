import SSZ

/// One of two values that a duty may get, by name.
package enum Choice: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case none = 0
    case a = 1
    case b = 2

    static let values: [Choice] = [.a, .b]

    var root: Root {
        switch self {
        case .none: .zero
        case .a: Root(padding: [0xaa])
        case .b: Root(padding: [0xbb])
        }
    }

    /// nil for a hash that nobody here proposes.
    init?(_ root: Root) {
        guard let choice = Self.allCases.first(where: { $0.root == root }) else { return nil }
        self = choice
    }

    /// The same with the names of the values exchanged.
    var swapped: Choice {
        switch self {
        case .none: .none
        case .a: .b
        case .b: .a
        }
    }

    package var description: String {
        switch self {
        case .none: "nothing"
        case .a: "A"
        case .b: "B"
        }
    }
}
