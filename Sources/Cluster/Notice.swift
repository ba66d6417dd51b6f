/// A framed text that people should not overlook. Open at the right: terminals break long lines.
struct Notice {
    private static let widthMax = 76

    let text: String

    /// - Parameter lines: as they are; nothing is wrapped.
    init(_ title: String, _ lines: [String]) {
        let longest = lines.reduce(title.count + 1) { max($0, $1.count) }
        let width = min(longest, Self.widthMax)
        let head = "┌─ \(title) " + String(repeating: "─", count: max(1, width - title.count - 1))
        let foot = "└─" + String(repeating: "─", count: width + 1)
        text = ([head] + lines.map { "│ " + $0 } + [foot]).joined(separator: "\n")
    }
}
