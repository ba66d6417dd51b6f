import Foundation
import Program
import Synchronization

/// Writes records on a thread of its own: who logs never waits for a terminal, a pipe or a disk.
///
/// Waiting records are bounded in bytes; while a write is stuck as many again are with it. Dropped ones are counted,
/// and told when writing goes on.
package final class LogWriter: Sendable {
    private static let topic = "log"

    private struct State {
        var queue: LogQueue
        /// The thread knows that there is something to do.
        var isAwake = false
        var isClosing = false
    }

    private let name: String
    private let state: Mutex<State>
    private let bell = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - name: of what is written to, for people.
    ///   - bytesMax: of records that wait.
    ///   - make: called on the thread, once.
    package init(name: String, bytesMax: Int = 4 << 20, make: @escaping @Sendable () -> any LogDestination) {
        self.name = name
        state = Mutex(State(queue: LogQueue(bytesMax: bytesMax)))
        let thread = Thread { [self] in run(make()) }
        thread.name = "log"
        thread.start()
    }

    /// From any thread, at once.
    package func add(_ record: LogRecord) {
        let rings = state.withLock { state in
            guard !state.isClosing, state.queue.add(record), !state.isAwake else { return false }
            state.isAwake = true
            return true
        }
        if rings { bell.signal() }
    }

    /// Writes what waits and ends; later records are lost. Waits for it; not for an event loop.
    ///
    /// - Returns: false if it is stuck.
    package func close(within limit: Duration) -> Bool {
        state.withLock { $0.isClosing = true }
        bell.signal()
        let nanoseconds = Int(limit / .nanoseconds(1))
        guard ended.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success else { return false }
        // For whoever closes it again.
        ended.signal()
        return true
    }

    private func run(_ destination: any LogDestination) {
        var destination = destination
        var notice = DropNotice()
        while true {
            bell.wait()
            while true {
                let (records, dropped, isLast) = state.withLock { state in
                    let records = state.queue.takeAll()
                    state.isAwake = !records.isEmpty
                    return (records, state.queue.takeDropped(), records.isEmpty && state.isClosing)
                }
                if !records.isEmpty { destination.write(records) }
                if let count = notice.note(dropped, at: .now) { destination.write([told(count)]) }
                if isLast {
                    if notice.untold > 0 { destination.write([told(notice.untold)]) }
                    ended.signal()
                    return
                }
                if records.isEmpty { break }
            }
        }
    }

    /// Not through a logger: its line would be one more to wait, and none at the end.
    private func told(_ dropped: UInt64) -> LogRecord {
        LogTally.note(.warning, topic: Self.topic)
        return LogRecord(
            time: SystemClock.now(), level: .warning, topic: Self.topic,
            message: "lines of the log were dropped: what takes them did not keep up",
            fields: [.init("dropped", "\(dropped)"), .init("to", name)])
    }
}
