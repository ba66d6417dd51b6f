import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow
@testable import Views

@Suite("styx top's screen")
struct TopScreenTests {
    private static let live = LivePictureTests.troubled().json

    private static func screen(_ columns: Int, _ rows: Int, hasColours: Bool = false, isUnicode: Bool = true)
        -> TopScreen
    {
        TopScreen(size: .init(columns: columns, rows: rows), hasColours: hasColours, isUnicode: isUnicode)
    }

    @Test(
        "goldens",
        arguments: [
            (80, 24, true, "top-80x24.txt"), (120, 50, true, "top-120x50.txt"),
            (80, 24, false, "top-ascii.txt"),
        ])
    func golden(columns: Int, rows: Int, isUnicode: Bool, name: String) throws {
        let lines = Self.screen(columns, rows, isUnicode: isUnicode).lines(Self.live)
        try Golden.check(lines.joined(separator: "\n") + "\n", name)
    }

    @Test("without a terminal everything is there, in full")
    func once() throws {
        let lines = TopScreen(size: nil, hasColours: false, isUnicode: true).lines(Self.live)
        try Golden.check(lines.joined(separator: "\n") + "\n", "top-once.txt")
    }

    @Test("fills the screen, and no line is longer than it", arguments: [1, 2, 5, 10, 24, 60])
    func fits(rows: Int) {
        for columns in [1, 20, 79, 80, 200] {
            let lines = Self.screen(columns, rows).lines(Self.live)
            #expect(lines.count == rows)
            #expect(lines.allSatisfy { TerminalLine.width($0) <= columns })
        }
    }

    @Test("every section has its place on 24 rows, and an outage is said first")
    func sections() {
        let lines = Self.screen(80, 24).lines(Self.live, problem: "Connection refused")
        #expect(lines[1].hasPrefix("✘ No news from the node: Connection refused"))
        for heading in ["BEACON NODES", "OPERATORS", "DUTIES", "LATENCIES", "LAST MISSED DUTIES"] {
            #expect(lines.contains { $0.hasPrefix(heading) }, "\(heading)")
        }
    }

    @Test("an outage is told in full, with the picture's age, and nothing is said of now")
    func outage() {
        let why =
            "http://127.0.0.1:3630/debug/live: refused; is the node running, with this --debug-address, or another?"
        let well: JSONValue = ["node": ["index": 0], "readiness": ["code": 1], "missing": .array([])]
        #expect(Self.screen(80, 24).lines(well)[2] == "✔ Nothing is missing")
        let lines = Self.screen(80, 24).lines(well, problem: why, age: .seconds(90))
        #expect(lines[1...3].joined(separator: " ").contains("with this --debug-address, or another?"))
        #expect(lines[3] == "  As it was 90 s ago:")
        #expect(!lines.contains { $0.contains("Nothing is missing") || $0.contains("Ready") })
        #expect(lines.count == 24)
    }

    @Test("before the first answer there is nothing but why")
    func unknown() {
        let nothing = JSONValue.object(JSONObject())
        let refused = Self.screen(80, 6).lines(nothing, problem: "Connection refused")
        #expect(refused == ["Styx", "✘ No news from the node: Connection refused", "", "", "", "q quits"])
        #expect(Self.screen(80, 4).lines(nothing) == ["Styx", "… Asking the node", "", "q quits"])
    }

    @Test("ASCII terminals get ASCII")
    func ascii() {
        let lines = Self.screen(80, 24, isUnicode: false).lines(Self.live)
        #expect(lines.allSatisfy { $0.utf8.allSatisfy { (0x20..<0x7f).contains($0) } })
    }

    @Test("colours only repeat what signs say")
    func colours() {
        let plain = Self.screen(80, 24).lines(Self.live)
        let coloured = Self.screen(80, 24, hasColours: true).lines(Self.live)
        let stripped = coloured.map { line in
            var text = line.replacing(#/\u{1B}\[[0-9;]*m/#, with: "")
            while text.hasSuffix(" ") { text.removeLast() }
            return text
        }
        #expect(stripped == plain)
    }

    @Test("a picture that is no picture, or of a hostile node, is shown without harm")
    func hostile() throws {
        let huge = UInt64.max
        let nasty = "\u{1B}]0;x\u{7}\r\n\u{202e}" + String(repeating: "w", count: 5000)
        let peer: JSONValue = [
            "index": JSONValue(huge), "nickname": .string(nasty), "signed": JSONValue(huge),
            "expected": JSONValue(huge), "round_trip_ms": .number("1e999"),
        ]
        let duty: JSONValue = [
            "slot": 1, "duty": .string(nasty), "reason": .string(nasty), "signed": .array([JSONValue(huge)]),
        ]
        let node: JSONValue = [
            "nickname": .string(nasty), "operators": JSONValue(huge), "cluster": .string(nasty),
        ]
        let attack: JSONValue = [
            "at": 0, "node": node, "chain": ["slot": JSONValue(huge), "slots_per_epoch": 1],
            "peers": .array([peer]), "duties": .array([duty]),
            "missed": .array([["subject": .string(nasty)]]), "missing": .array([["text": .string(nasty)]]),
        ]
        let wrong: JSONValue = ["node": 5, "duties": .array(["x"]), "peers": .array([.null, 3])]
        let pictures: [JSONValue] = [.null, .array([]), wrong, attack]
        for picture in pictures {
            for size in [TopScreen.Size(columns: 80, rows: 24), nil] as [TopScreen.Size?] {
                let lines = TopScreen(size: size, hasColours: false, isUnicode: true).lines(picture)
                for line in lines {
                    #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{202e}" || $0.value == 0x7f })
                    #expect(line.count < 8000)
                }
            }
        }
    }
}
