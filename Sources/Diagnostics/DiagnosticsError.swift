/// Why nothing can be tested. For people.
package enum DiagnosticsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Names of `--test-cases`, and those that there are.
    case unknownCases([String], Category, [String])
    case flag(String, String)

    package var description: String {
        switch self {
        case .unknownCases(let unknown, let category, let names):
            "test case not supported: --test-cases names \(unknown.joined(separator: ",")); the cases of "
                + "\(category.rawValue) are \(names.joined(separator: ","))"
        case .flag(let name, let reason): "--\(name) \(reason)"
        }
    }
}
