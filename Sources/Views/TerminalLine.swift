/// A line of a terminal: pieces with a tone each. Widths are in columns of the screen.
package struct TerminalLine: Hashable, Sendable {
    /// What a piece means. Nothing is told by a tone alone.
    package enum Tone: Sendable {
        case plain, dim, bold, good, warn, bad

        /// Of SGR, ECMA-48.
        fileprivate var code: String? {
            switch self {
            case .plain: nil
            case .dim: "2"
            case .bold: "1"
            case .good: "32"
            case .warn: "33"
            case .bad: "1;31"
            }
        }
    }

    struct Piece: Hashable, Sendable {
        let text: String
        let tone: Tone
    }

    private(set) var pieces: [Piece] = []

    init(_ text: String = "", _ tone: Tone = .plain) { add(text, tone) }

    /// Text is made printable here, so nobody's name moves the cursor.
    mutating func add(_ text: String, _ tone: Tone = .plain) {
        if !text.isEmpty { pieces.append(Piece(text: PlainText.cleaned(text, charactersMax: 2000), tone: tone)) }
    }

    /// A column: padded or cut to `width`, with a blank behind.
    mutating func add(column text: String, _ width: Int, _ tone: Tone = .plain, isRight: Bool = false) {
        let text = Self.cut(PlainText.cleaned(text), to: width)
        let fill = String(repeating: " ", count: width - Self.width(text))
        add(isRight ? fill + text : text, tone)
        add(isRight ? " " : fill + " ")
    }

    package var text: String { pieces.map(\.text).joined() }

    /// - Parameter width: what is longer is cut; nil for no bound.
    package func rendered(width: Int?, hasColours: Bool) -> String {
        var out = ""
        var room = width ?? .max
        for piece in pieces where room > 0 {
            let text = Self.cut(piece.text, to: room)
            room -= Self.width(text)
            if hasColours, let code = piece.tone.code {
                out += "\u{1B}[\(code)m\(text)\u{1B}[0m"
            } else {
                out += text
            }
        }
        guard !hasColours else { return out }
        while out.hasSuffix(" ") { out.removeLast() }
        return out
    }

    /// The words of a text on lines of at most `width` columns, the second and later ones indented.
    static func wrapped(_ text: String, _ tone: Tone, first: String, indent: Int, width: Int?) -> [TerminalLine] {
        var lines: [TerminalLine] = []
        var line = first
        var isFresh = true
        let room = max(20, width ?? .max)
        for word in PlainText.cleaned(text, charactersMax: 2000).split(separator: " ") {
            if !isFresh, Self.width(line) + 1 + Self.width(String(word)) > room {
                lines.append(TerminalLine(line, tone))
                line = String(repeating: " ", count: indent) + word
            } else {
                line += (isFresh ? "" : " ") + word
            }
            isFresh = false
        }
        return lines + [TerminalLine(line, tone)]
    }

    // MARK: Widths

    static func width(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + columns($1) } }

    static func cut(_ text: String, to width: Int) -> String {
        guard Self.width(text) > width else { return text }
        var room = width - 1
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            room -= columns(scalar)
            if room < 0 { break }
            out.append(scalar)
        }
        return String(out) + (width > 0 ? "…" : "")
    }

    /// East Asian and pictographic characters take two columns. Source: Unicode Standard Annex 11, in broad strokes.
    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
