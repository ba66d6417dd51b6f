import Dispatch
import Logging
import Synchronization
import TestSupport
import Testing

@testable import LogSinks

@Suite("the thread that writes")
struct LogWriterTests {
    /// Takes nothing until opened, as a pipe that nobody reads.
    private final class Pipe: Sendable {
        private let lock = DispatchSemaphore(value: 0)
        private let stuck = Gate()
        private let lines = Mutex<[LogRecord]>([])

        /// The first write has begun.
        func fill() async { await stuck.wait() }
        func open() { lock.signal() }
        var written: [LogRecord] { lines.withLock { $0 } }

        struct End: LogDestination {
            let pipe: Pipe

            mutating func write(_ records: [LogRecord]) {
                pipe.stuck.open()
                pipe.lock.wait()
                pipe.lock.signal()
                pipe.lines.withLock { $0 += records }
            }
        }
    }

    @Test("in order, and all of it before the end")
    func order() {
        let pipe = Pipe()
        pipe.open()
        let writer = LogWriter(name: "test") { Pipe.End(pipe: pipe) }
        for number in 0..<1000 { writer.add(record("\(number)")) }
        #expect(writer.close(within: .seconds(60)))
        #expect(pipe.written.map(\.message) == (0..<1000).map { "\($0)" })
        #expect(writer.close(within: .seconds(60)), "a second time")
    }

    @Test("who logs never waits; what is dropped is told once there is room")
    func stalled() async {
        let pipe = Pipe()
        let writer = LogWriter(name: "a pipe", bytesMax: 50_000) { Pipe.End(pipe: pipe) }
        writer.add(record("first"))
        await pipe.fill()
        for number in 0..<10_000 { writer.add(record("\(number)", .info)) }
        writer.add(record("trouble", .error))
        #expect(!writer.close(within: .zero), "stuck")
        pipe.open()
        #expect(writer.close(within: .seconds(60)))
        let written = pipe.written
        #expect(written.first?.message == "first" && written.dropLast().last?.message == "trouble")
        let kept = written.count - 3
        #expect(kept > 100 && kept < 1000)
        #expect(written.last?.level == .warning && written.last?.message.contains("dropped") == true)
        #expect(written.last?.fields == [.init("dropped", "\(10_000 - kept)"), .init("to", "a pipe")])
    }
}
