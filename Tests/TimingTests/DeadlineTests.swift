import Testing
import Timing

@Suite("Deadline")
struct DeadlineTests {
    private struct Fault: Error {}

    @Test("gives what the work gives")
    func inTime() async throws {
        #expect(try await withDeadline(.seconds(3600)) { 7 } == 7)
        await #expect(throws: Fault.self) { try await withDeadline(.seconds(3600)) { throw Fault() } }
    }

    @Test("cancels work that takes longer")
    func late() async {
        await #expect(throws: DeadlineExceeded()) {
            try await withDeadline(.milliseconds(1)) { try await Task.sleep(for: .seconds(3600)) }
        }
    }
}
