import Testing

@testable import Views

@Suite("lines of a terminal")
struct TerminalLineTests {
    @Test(
        "text that is not printable cannot get through",
        arguments: ["\u{1B}[2J", "a\rb", "\u{202e}abc", "\u{7}", "\u{9b}1m"])
    func hostile(text: String) {
        let line = TerminalLine(text)
        let out = line.rendered(width: 80, hasColours: false)
        #expect(out.contains("?") && out.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        #expect(!out.unicodeScalars.contains("\u{202e}"))
    }

    @Test("columns are as wide as they should be, wide letters and marks included")
    func columns() {
        for text in ["", "ab", "abcdefgh", "日本語日本語", "e\u{301}e\u{301}e\u{301}", "💥💥💥💥"] {
            for isRight in [false, true] {
                var line = TerminalLine()
                line.add(column: text, 6, isRight: isRight)
                let width = TerminalLine.width(line.text)
                // A wide letter that does not fit leaves a column free.
                #expect(width == 7, "\(text) \(isRight) \(width)")
            }
        }
    }

    @Test("a line is cut at the width of the screen, escapes not counted")
    func cut() {
        var line = TerminalLine("abc", .good)
        line.add("defgh", .bad)
        #expect(line.rendered(width: 5, hasColours: false) == "abcd…")
        #expect(line.rendered(width: 5, hasColours: true) == "\u{1B}[32mabc\u{1B}[0m\u{1B}[1;31md…\u{1B}[0m")
        #expect(line.rendered(width: 3, hasColours: false) == "abc")
        #expect(line.rendered(width: 0, hasColours: false) == "")
        #expect(line.rendered(width: nil, hasColours: false) == "abcdefgh")
    }

    @Test("words wrap, with the later lines indented")
    func wrapped() {
        let lines = TerminalLine.wrapped("one two three four five", .plain, first: "! ", indent: 2, width: 20)
        #expect(lines.map(\.text) == ["! one two three four", "  five"])
    }
}
