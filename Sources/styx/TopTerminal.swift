import Foundation
import Views

/// The terminal while `styx top` has it: keys come at once and unseen, and the screen that was there comes back.
final class TopTerminal: Sendable {
    private static let enter = "\u{1B}[?1049h\u{1B}[?25l"
    private static let exit = "\u{1B}[?25h\u{1B}[?1049l"
    private static let usualSize = TopScreen.Size(columns: 80, rows: 24)

    private let before: termios
    let hasColours: Bool
    let isUnicode: Bool

    /// - Throws: if it cannot be set up.
    init() throws {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw CommandFailure("the terminal cannot be set up: \(String(cString: strerror(errno))); use --once")
        }
        before = settings
        cfmakeraw(&settings)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) == 0 else {
            throw CommandFailure("the terminal cannot be set up: \(String(cString: strerror(errno))); use --once")
        }
        let environment = ProcessInfo.processInfo.environment
        hasColours = (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        isUnicode = Self.isUnicode(environment)
        Self.put(Self.enter)
    }

    /// Whether the locale is one of UTF-8. Source: POSIX, environment variables, LC_ALL before LC_CTYPE before LANG.
    static func isUnicode(_ environment: [String: String]) -> Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        return locale.uppercased().replacing("-", with: "").contains("UTF8")
    }

    func size() -> TopScreen.Size {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Self.usualSize
        }
        return TopScreen.Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Reads what was typed; never waits. Also when nobody can type any more.
    func isQuitWanted() -> Bool {
        var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 0) > 0 else { return false }
        var keys = [UInt8](repeating: 0, count: 64)
        let count = read(STDIN_FILENO, &keys, keys.count)
        guard count > 0 else { return true }
        // Control-C and control-D come as bytes.
        return keys.prefix(count).contains { [UInt8(ascii: "q"), UInt8(ascii: "Q"), 3, 4].contains($0) }
    }

    /// Over what is there, so that nothing flickers.
    func draw(_ lines: [String]) {
        Self.put("\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J")
    }

    func leave() {
        var settings = before
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
        Self.put(Self.exit)
    }

    private static func put(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) }
}
