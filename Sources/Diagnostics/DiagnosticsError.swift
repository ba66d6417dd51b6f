/// Why nothing can be tested. For people.
package enum DiagnosticsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `--test-cases` names none of these.
    case noCases(Category, [String])
    case flag(String, String)

    package var description: String {
        switch self {
        case .noCases(let category, let names):
            "test case not supported: --test-cases names none of the cases of \(category.rawValue), which are "
                + names.joined(separator: ",")
        case .flag(let name, let reason): "--\(name) \(reason)"
        }
    }
}
