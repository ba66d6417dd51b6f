import SSZ

/// The picture of `/debug/live` on a terminal. Pure: a picture and a size in, lines out.
package struct TopScreen: Sendable {
    /// Signs for what colours show, too.
    struct Signs: Sendable {
        let good, warn, bad, pending: String
        let all, some, none, open: String

        static let unicode = Signs(
            good: "✔", warn: "▲", bad: "✘", pending: "…", all: "●", some: "◐", none: "○", open: "·")
        static let ascii = Signs(
            good: "+", warn: "!", bad: "x", pending: ".", all: "#", some: "~", none: "-", open: ".")
    }

    package struct Size: Hashable, Sendable {
        package var columns: Int
        package var rows: Int

        package init(columns: Int, rows: Int) { (self.columns, self.rows) = (columns, rows) }
    }

    /// Part of the screen: its heading stays when its lines have to go.
    struct Section: Sendable {
        let heading: TerminalLine?
        var lines: [TerminalLine]
        /// Lines it keeps in any case, with its heading.
        let least: Int

        var height: Int { lines.count + (heading == nil ? 0 : 1) }

        /// Cut to so many lines, the last of which then says how many are left out.
        func cut(to rows: Int) -> [TerminalLine] {
            guard rows > 0 else { return [] }
            guard height > rows else { return (heading.map { [$0] } ?? []) + lines }
            let room = rows - (heading == nil ? 0 : 1)
            guard room > 0 else { return heading.map { [$0] } ?? [] }
            return (heading.map { [$0] } ?? []) + lines.prefix(room - 1)
                + [TerminalLine("  … \(lines.count - room + 1) more lines", .dim)]
        }
    }

    let signs: Signs
    /// Nil for output that is no terminal: everything, in full.
    let size: Size?
    private let hasColours: Bool

    /// - Parameters:
    ///   - size: of the terminal; nil for everything in full.
    ///   - isUnicode: whether the terminal shows more than ASCII.
    package init(size: Size?, hasColours: Bool, isUnicode: Bool) {
        self.size = size
        self.hasColours = hasColours
        signs = isUnicode ? .unicode : .ascii
    }

    /// - Parameters:
    ///   - live: as the node gave it; what is missing in it is left out.
    ///   - problem: why there is nothing newer; nil if this is of now.
    ///   - age: of the picture, if there is nothing newer.
    package func lines(_ live: JSONValue, problem: String? = nil, age: Duration? = nil) -> [String] {
        let isKnown = live["node"] != nil
        let head = isKnown ? header(live, problem, age) : [TerminalLine("Styx", .bold)] + outage(problem)
        let footer = size == nil ? [] : [TerminalLine("q quits", .dim)]
        let sections = [
            missing(live, isOld: problem != nil), beaconNodes(live), remoteSigners(live), peers(live), duties(live),
            latencies(live),
            missed(live),
        ]
        let body: [TerminalLine]
        if let size {
            body = isKnown ? Self.fit(sections, into: size.rows - head.count - footer.count) : []
        } else {
            body = sections.filter { $0.height > 0 }.flatMap { [TerminalLine()] + $0.cut(to: .max) }
        }
        var all = head + body
        if let size {
            all = Array(all.prefix(max(0, size.rows - footer.count)))
            all += Array(repeating: TerminalLine(), count: max(0, size.rows - footer.count - all.count)) + footer
        }
        return all.map { finish($0.rendered(width: size?.columns, hasColours: hasColours)) }
    }

    /// Gives each section what it keeps, then the rest in the order of what matters most.
    private static func fit(_ sections: [Section], into rows: Int) -> [TerminalLine] {
        /// Missing things, missed duties, operators, beacon nodes, signers, latencies; duties fill what is left.
        let order = [0, 6, 3, 1, 2, 5, 4]
        var room = max(0, rows)
        var heights = Array(repeating: 0, count: sections.count)
        for index in order {
            heights[index] = min(sections[index].height, sections[index].least, room)
            room -= heights[index]
        }
        for index in order {
            let more = min(sections[index].height - heights[index], room)
            heights[index] += more
            room -= more
        }
        return zip(sections, heights).flatMap { $0.cut(to: $1) }
    }

    /// Without Unicode, what is not ASCII becomes a question mark, but for the signs of ours that have a likeness.
    private func finish(_ line: String) -> String {
        guard signs.good == Signs.ascii.good else { return line }
        var out = ""
        for scalar in line.unicodeScalars {
            switch scalar {
            case "…": out += "~"
            case "·": out += "-"
            case "–", "—": out += "-"
            case "→": out += ">"
            default: out.unicodeScalars.append(scalar.isASCII ? scalar : "?")
            }
        }
        return out
    }
}
