import Synchronization

/// Beacon nodes that were out of reach and answer again: what they say of the chain may be new.
final class Reconnections: Sendable {
    private let nodes = Mutex<Set<Int>>([])
    private let bell = Bell()

    /// From any thread.
    func note(_ node: Int) {
        _ = nodes.withLock { $0.insert(node) }
        bell.ring()
    }

    /// Those since the last call.
    func take() -> Set<Int> {
        nodes.withLock { nodes in
            defer { nodes = [] }
            return nodes
        }
    }

    /// Returns at the next one, or when `sleep` ends.
    func wait(orSleep sleep: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await sleep() }
            group.addTask { await self.bell.wait() }
            try await group.next()
            group.cancelAll()
        }
    }
}
