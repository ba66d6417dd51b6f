/// Callers that wait for something to come, in the order they came.
struct WaitingRoom<Wanted: Sendable>: Sendable {
    /// Waiting callers, at most. One request to the API server may be many.
    private static var callersMax: Int { 16384 }

    private var wanted: [Ticket: Wanted] = [:]

    mutating func enter(_ ticket: Ticket, _ what: Wanted) -> [Signal] {
        guard wanted.count < Self.callersMax else {
            return [.perform(.answer(ticket, .refused("too many requests are waiting")))]
        }
        wanted[ticket] = what
        return []
    }

    mutating func leave(_ ticket: Ticket) { wanted[ticket] = nil }

    /// Answers whom `find` has something for.
    mutating func answer(_ find: (Wanted) -> Answer?) -> [Signal] {
        guard !wanted.isEmpty else { return [] }
        let found = wanted.compactMap { ticket, what in find(what).map { (ticket, $0) } }
        return found.sorted { $0.0.rawValue < $1.0.rawValue }.map { ticket, answer in
            wanted[ticket] = nil
            return .perform(.answer(ticket, answer))
        }
    }
}
