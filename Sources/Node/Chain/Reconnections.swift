import Synchronization

/// Beacon nodes that were out of reach and answer again: what they say of the chain may be new.
final class Reconnections: Sendable {
    private let nodes = Mutex<Set<Int>>([])
    private let bell = Bell()
    private let observers = Mutex<[@Sendable () -> Void]>([])

    /// From any thread.
    func note(_ node: Int) {
        _ = nodes.withLock { $0.insert(node) }
        bell.ring()
        for observer in observers.withLock({ $0 }) { observer() }
    }

    /// - Parameter observer: called at each one from any thread, for good; must not wait.
    func observe(_ observer: @escaping @Sendable () -> Void) { observers.withLock { $0.append(observer) } }

    /// Those since the last call.
    func take() -> Set<Int> {
        nodes.withLock { nodes in
            defer { nodes = [] }
            return nodes
        }
    }

    /// Returns at the next one, or when `sleep` ends.
    func wait(orSleep sleep: @escaping @Sendable () async throws -> Void) async throws {
        try await bell.wait(orSleep: sleep)
    }
}
