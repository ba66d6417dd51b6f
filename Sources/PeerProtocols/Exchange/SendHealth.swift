/// Keeps logs quiet about a peer that is down: news are its first failure and, later, three successes in a row.
/// Source: p2p.md §10.
struct SendHealth: Sendable {
    private static let successesToRecover = 3
    /// Nil while the peer is fine, else successes since its last failure.
    private var successesSinceFailure: Int?

    /// - Returns: whether the peer has just recovered.
    mutating func noteSuccess() -> Bool {
        guard let successes = successesSinceFailure else { return false }
        guard successes + 1 >= Self.successesToRecover else {
            successesSinceFailure = successes + 1
            return false
        }
        successesSinceFailure = nil
        return true
    }

    /// - Returns: whether the peer was fine until now.
    mutating func noteFailure() -> Bool {
        defer { successesSinceFailure = 0 }
        return successesSinceFailure == nil
    }
}
