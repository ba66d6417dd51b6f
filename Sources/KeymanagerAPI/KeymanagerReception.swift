import Synchronization

/// Counts requests, and lets them through once the node can do what they ask.
final class KeymanagerReception: Sendable {
    private struct State {
        var backend: (any KeymanagerBackend)?
        var reason = "the node starts"
        var requests = 0
    }

    private let requestsMax: Int
    private let state = Mutex(State())

    init(requestsMax: Int) { self.requestsMax = requestsMax }

    /// Leaves when dropped.
    final class Pass: Sendable {
        private let reception: KeymanagerReception
        fileprivate init(_ reception: KeymanagerReception) { self.reception = reception }
        deinit { reception.state.withLock { $0.requests -= 1 } }
    }

    /// Nil if there are too many already.
    func enter() -> Pass? {
        let isAdmitted = state.withLock { state in
            guard state.requests < requestsMax else { return false }
            state.requests += 1
            return true
        }
        return isAdmitted ? Pass(self) : nil
    }

    func open(_ backend: any KeymanagerBackend) { state.withLock { $0.backend = backend } }

    func close(_ reason: String) {
        state.withLock { state in
            state.backend = nil
            state.reason = reason
        }
    }

    func backend() throws(KeymanagerFault) -> any KeymanagerBackend {
        let (backend, reason) = state.withLock { ($0.backend, $0.reason) }
        guard let backend else { throw KeymanagerFault(503, "keys cannot be managed now: \(reason)") }
        return backend
    }
}
