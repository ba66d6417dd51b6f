/// A framed text that people should not overlook.
struct Notice {
    let text: String

    /// - Parameter lines: as they are; nothing is wrapped.
    init(_ title: String, _ lines: [String]) {
        let width = ([title] + lines).reduce(0) { max($0, $1.count) }
        func padded(_ line: String) -> String { "│ " + line + String(repeating: " ", count: width - line.count) + " │" }
        let bar = String(repeating: "─", count: width + 2)
        text = (["┌\(bar)┐", padded(title), "├\(bar)┤"] + lines.map(padded) + ["└\(bar)┘"]).joined(separator: "\n")
    }
}
