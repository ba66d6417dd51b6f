import BeaconAPI

/// What beacon nodes may know and nobody else: credentials and API keys. Some services repeat them in their error
/// messages, and those go into logs and to validator clients.
struct SecretWords: Sendable {
    /// Shorter ones would be found in any text.
    private static let charactersMin = 4
    /// Longest first: one may contain another.
    private let words: [String]

    init(_ configuration: BeaconClientConfiguration) {
        var words = Set((configuration.primaries + configuration.fallbacks).flatMap(\.secrets))
        for field in configuration.headers.fields {
            words.insert(field.value)
            // As in `Bearer …`.
            words.formUnion(field.value.split(separator: " ").dropFirst().map(String.init))
        }
        self.words = words.filter { $0.count >= Self.charactersMin }.sorted { ($1.count, $0) < ($0.count, $1) }
    }

    func masked(_ cause: BeaconError.Cause) -> BeaconError.Cause {
        if words.isEmpty { return cause }
        switch cause {
        case .connection(let what): return .connection(masked(what))
        case .malformed(let what): return .malformed(masked(what))
        case .status(var body, let status):
            body.message = masked(body.message)
            for index in body.failures.indices { body.failures[index].message = masked(body.failures[index].message) }
            return .status(body, httpStatus: status)
        case .timeout, .syncing, .absent, .tooLarge, .cancelled: return cause
        }
    }

    private func masked(_ text: String) -> String { words.reduce(text) { $0.replacing($1, with: "***") } }
}
