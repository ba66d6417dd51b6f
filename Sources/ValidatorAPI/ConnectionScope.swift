import NIOCore
import Synchronization

/// Why a request is given up before it is answered.
enum Interruption: Error, Hashable {
    /// The bound on requests.
    case timeout
    /// The client closed its connection.
    case clientGone
    /// The server shuts down.
    case stopping
}

/// Tells the requests of one connection when there is nobody left to answer, and keeps what its answers take of common
/// bounds until they are written.
final class ConnectionScope: Sendable {
    typealias Watcher = @Sendable (Interruption) -> Void

    private struct State {
        var interruption: Interruption?
        var nextID = 0
        var watchers: [Int: Watcher] = [:]
        /// One for each answer that is not written yet, in their order.
        var holdings: [[any Sendable]] = []
        /// Nothing is written any more.
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Calls `watcher` once when the connection ends, at once if it has.
    func watch(_ watcher: @escaping Watcher) -> Int {
        let (id, past) = state.withLock { state in
            state.nextID += 1
            if state.interruption == nil { state.watchers[state.nextID] = watcher }
            return (state.nextID, state.interruption)
        }
        if let past { watcher(past) }
        return id
    }

    func unwatch(_ id: Int) {
        state.withLock { _ = $0.watchers.removeValue(forKey: id) }
    }

    func end(_ interruption: Interruption) {
        let watchers = state.withLock { state in
            if state.interruption == nil { state.interruption = interruption }
            defer { state.watchers = [:] }
            return state.watchers
        }
        for watcher in watchers.values { watcher(interruption) }
    }

    /// Keeps what the next answer takes until that is written, or the connection closed. To be called once for each.
    func hold(_ holdings: [any Sendable]) {
        state.withLock { state in
            if !state.isClosed { state.holdings.append(holdings) }
        }
    }

    /// The oldest answer is written.
    func release() {
        // Dropped without the lock.
        let released: [any Sendable] = state.withLock { state in
            state.holdings.isEmpty ? [] : state.holdings.removeFirst()
        }
        withExtendedLifetime(released) {}
    }

    /// The connection is closed.
    func close() {
        end(.clientGone)
        let released = state.withLock { state in
            state.isClosed = true
            defer { state.holdings = [] }
            return state.holdings
        }
        withExtendedLifetime(released) {}
    }
}

/// The open connections of a server.
package final class Connections: Sendable {
    private struct State {
        var scopes: [ObjectIdentifier: ConnectionScope] = [:]
        var isStopping = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Nothing of an answer taken by the client for so long closes its connection.
    package static let writeTimeout = Duration.seconds(30)

    /// Of one new connection.
    package func watcher(
        silenceTimeout: Duration, headerTimeout: Duration, bodyBytesMax: Int
    ) -> any RemovableChannelHandler {
        ConnectionGuard(
            connections: self, silenceTimeout: silenceTimeout, headerTimeout: headerTimeout,
            writeTimeout: Self.writeTimeout, bodyBytesMax: bodyBytesMax)
    }

    func add(_ scope: ConnectionScope, for channel: any Channel) {
        let isStopping = state.withLock { state in
            state.scopes[ObjectIdentifier(channel)] = scope
            return state.isStopping
        }
        if isStopping { scope.end(.stopping) }
    }

    /// - Parameter id: the channel's; a closed pipeline does not know its channel any more.
    func remove(_ id: ObjectIdentifier) {
        state.withLock { _ = $0.scopes.removeValue(forKey: id) }
    }

    subscript(channel: any Channel) -> ConnectionScope? {
        state.withLock { $0.scopes[ObjectIdentifier(channel)] }
    }

    /// Ends every request.
    package func stop() {
        let scopes = state.withLock { state in
            state.isStopping = true
            return state.scopes
        }
        for scope in scopes.values { scope.end(.stopping) }
    }
}
