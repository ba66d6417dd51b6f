/// Turns progress into what to show of it: nothing during the first second, then a bar that is drawn again and again,
/// or a line now and then where nothing can be redrawn. The end is shown if anything was.
package struct ProgressMeter: Sendable {
    package enum Style: Sendable {
        /// For a terminal.
        case bar
        /// For files and logs.
        case lines
    }

    private static let silence = Duration.seconds(1)
    private static let barWidth = 30

    private let label: String
    private let style: Style
    private var shownAt: Duration?
    private var done = 0

    /// - Parameter label: what is being done, for example `opening keystores`.
    package init(_ label: String, style: Style) {
        self.label = label
        self.style = style
    }

    private var interval: Duration { style == .bar ? .milliseconds(100) : .seconds(5) }

    /// - Parameter elapsed: since the work began.
    /// - Returns: what to show now, nil for nothing new. Late news of an earlier state is nothing new.
    package mutating func update(done: Int, total: Int, elapsed: Duration) -> String? {
        guard done > self.done, done <= total, elapsed >= Self.silence else { return nil }
        let isEnd = done == total
        if let shownAt {
            guard isEnd || elapsed - shownAt >= interval else { return nil }
        } else if isEnd {
            return nil
        }
        self.done = done
        shownAt = elapsed
        return text(done, total, elapsed)
    }

    private func text(_ done: Int, _ total: Int, _ elapsed: Duration) -> String {
        let left = elapsed / done * (total - done)
        // Rounded up: nobody minds being early.
        let seconds = left.components.seconds + (left.components.attoseconds > 0 ? 1 : 0)
        switch style {
        case .bar:
            let filled = Self.barWidth * done / total
            let bar = String(repeating: "#", count: filled) + String(repeating: "·", count: Self.barWidth - filled)
            return "\(label) [\(bar)] \(done)/\(total)" + (done == total ? "" : ", \(seconds) s left")
        case .lines:
            return "\(label): \(done) of \(total)" + (done == total ? "" : ", about \(seconds) s left")
        }
    }
}
