import Cluster
import Foundation
import LogSinks
import Synchronization

/// Shows how far long work is: a bar on a terminal, otherwise a line now and then.
final class ProgressBar: Sendable {
    private struct State {
        var meter: ProgressMeter
        var start: ContinuousClock.Instant?
    }

    private let label: String
    private let state: Mutex<State>
    private let line: @Sendable (String) -> Void
    private let isBar: Bool

    /// - Parameters:
    ///   - label: see `ProgressMeter`.
    ///   - line: takes lines where there is no terminal.
    init(_ label: String, line: @escaping @Sendable (String) -> Void = Terminal.write) {
        isBar = Terminal.isInteractive
        self.label = label
        self.line = line
        state = Mutex(State(meter: ProgressMeter(label, style: isBar ? .bar : .lines)))
    }

    /// The same work is done again, from its beginning.
    func restart() {
        let fresh = State(meter: ProgressMeter(label, style: isBar ? .bar : .lines))
        state.withLock { $0 = fresh }
    }

    /// From any thread.
    func update(_ done: Int, _ total: Int) {
        let now = ContinuousClock.now
        let text = state.withLock { state in
            let start = state.start ?? now
            state.start = start
            return state.meter.update(done: done, total: total, elapsed: start.duration(to: now))
        }
        guard let text else { return }
        guard isBar else { return line(text) }
        Terminal.show(text)
        if done == total { Terminal.keep() }
    }
}

/// Standard error: whole lines, and below them one that is drawn again and again.
enum Terminal {
    /// The line or lines at the bottom, empty for none.
    private static let live = Mutex("")

    /// Goes back over what is at the bottom and clears it.
    private static func clear(_ live: String) -> String {
        let lines = live.count { $0 == "\n" }
        return lines == 0 ? "\r\u{1B}[K" : "\r\u{1B}[\(lines)A\u{1B}[J"
    }

    static var isInteractive: Bool { isatty(STDERR_FILENO) != 0 }

    /// Without secrets. Lines of different threads do not mix; the line at the bottom stays there.
    @Sendable
    static func write(_ line: String) {
        let line = CommandSecrets.masked(line)
        live.withLock { live in put(live.isEmpty ? line + "\n" : clear(live) + line + "\n" + live) }
    }

    /// Lines of the log, each with its line break, without secrets.
    @Sendable
    static func write(lines: [UInt8]) {
        live.withLock { live in
            put(live.isEmpty ? lines : Array(clear(live).utf8) + lines + Array(live.utf8))
        }
    }

    /// Draws the line at the bottom, or several. None may be wider than the terminal if there are several.
    static func show(_ text: String) {
        live.withLock { live in
            put(clear(live) + text)
            live = text
        }
    }

    /// Takes it away.
    static func hide() {
        live.withLock { live in
            if !live.isEmpty { put(clear(live)) }
            live = ""
        }
    }

    /// Of standard error.
    static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Leaves the line at the bottom where it is, and goes on below.
    static func keep() {
        live.withLock { live in
            if !live.isEmpty { put("\n") }
            live = ""
        }
    }

    private static func put(_ text: String) { put(Array(text.utf8)) }

    /// What cannot be written is nobody's to tell.
    private static func put(_ bytes: [UInt8]) { Descriptor.write(bytes, to: STDERR_FILENO) }
}
