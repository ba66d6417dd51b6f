import Libp2p
import Testing
import Timing

@testable import Node

@Suite(.timeLimit(.minutes(1))) struct BellTests {
    @Test("a ring wakes who waits, one that finds nobody is kept once, and cancelling ends a wait")
    func rings() async throws {
        let bell = Bell()
        bell.ring()
        bell.ring()
        await bell.wait()
        await #expect(throws: DeadlineExceeded.self) { try await withDeadline(.milliseconds(10)) { await bell.wait() } }
        await withTaskGroup { group in
            group.addTask { await bell.wait() }
            group.addTask { bell.ring() }
        }
        await #expect(throws: DeadlineExceeded.self) { try await withDeadline(.milliseconds(10)) { await bell.wait() } }
    }
}
