import SSZ

/// One of two values that a duty may get, by name.
package enum Choice: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case none = 0
    case a = 1
    case b = 2

    static let values: [Choice] = [.a, .b]

    private static let rootA = Root(padding: [0xaa])
    private static let rootB = Root(padding: [0xbb])

    var root: Root {
        switch self {
        case .none: .zero
        case .a: Self.rootA
        case .b: Self.rootB
        }
    }

    /// nil for a hash that nobody here proposes.
    init?(_ root: Root) {
        switch root {
        case .zero: self = .none
        case Self.rootA: self = .a
        case Self.rootB: self = .b
        default: return nil
        }
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
