import Synchronization

/// Who meets requests: the node, or word of what it is still doing.
final class Reception: Sendable {
    /// What a request finds.
    struct Desk: Sendable {
        let routes: Routes
        /// Nil while the node cannot answer.
        let backend: (any ValidatorAPIBackend)?
        /// Why not.
        let reason: String
    }

    private struct State {
        var readiness: Readiness
        /// What is ours to answer, and by whom, once the node is ready.
        var node: (routes: Routes, backend: any ValidatorAPIBackend)?
        var port: Int?
        var isAnnounced = false
    }

    /// What can be answered without a node.
    private let early: Routes
    private let announce: @Sendable (Int) -> Void
    private let state: Mutex<State>

    /// - Parameter announce: called once with the port, when the node can be asked there.
    init(_ readiness: Readiness, early: Routes, announce: @escaping @Sendable (Int) -> Void) {
        self.early = early
        self.announce = announce
        state = Mutex(State(readiness: readiness))
    }

    var desk: Desk {
        state.withLock { state in
            guard let node = state.node, state.readiness.isReady else {
                let reason = state.readiness.isReady ? "the node is starting" : state.readiness.reason
                return Desk(routes: early, backend: nil, reason: reason)
            }
            return Desk(routes: node.routes, backend: node.backend, reason: "")
        }
    }

    var port: Int? { state.withLock { $0.port } }

    func update(_ change: (inout Readiness) -> Void) {
        note { change(&$0.readiness) }
    }

    func open(_ routes: Routes, _ backend: any ValidatorAPIBackend) { note { $0.node = (routes, backend) } }

    func listen(on port: Int) { note { $0.port = port } }

    private func note(_ change: (inout State) -> Void) {
        let port = state.withLock { state -> Int? in
            change(&state)
            guard let port = state.port, state.node != nil, state.readiness.isReady, !state.isAnnounced else {
                return nil
            }
            state.isAnnounced = true
            return port
        }
        if let port { announce(port) }
    }
}
