import Foundation
import Testing

/// What became idle is deleted. Source: STYLE.md §14. A rough scan: by names alone, so it misses what shares its name.
@Suite("nothing is idle")
struct IdleCodeTests {
    /// Declarations for other targets that none of our programs uses, each with the reason why it stays.
    private static let allowed: [String: String] = [
        "withSharedPoint": "the key ceremony", "commitment": "the key ceremony", "commitments": "the key ceremony",
        "deposit": "the key ceremony",
        "aggregateVerify": "the standard's vectors ask for it",
        "blockHeader": "inclusion of votes to come", "blockAttestations": "inclusion of votes to come",
        "exposedBytes": "tests compare keys", "handlingsCount": "tests wait for it",
        "requestsInFlight": "tests wait for it",
        "customMirror": "the standard library asks", "unownedExecutor": "the standard library asks",
    ]
    /// Tests are what these are for.
    private static let targetsForTests: Set<String> = ["Simulation"]

    /// By name: how often it stands in our programs, how often it is called, and how often it is declared.
    private struct Uses {
        var mentions: [Substring: Int] = [:]
        var calls: [Substring: Int] = [:]
        var functions: [Substring: Int] = [:]
    }

    private static let uses: Uses = {
        var uses = Uses()
        for line in TidyTests.sources.flatMap(mentioning) {
            for word in words(line) {
                uses.mentions[word.text, default: 0] += 1
                if word.isCalled { uses.calls[word.text, default: 0] += 1 }
            }
            if line.contains("func "), let name = line.firstMatch(of: /\bfunc +`?(\w+)/)?.output.1 {
                uses.functions[name, default: 0] += 1
            }
        }
        return uses
    }()

    @Test("every package function, property and type is used by a program")
    func idle() {
        for source in TidyTests.sources where !source.isGenerated && !Self.targetsForTests.contains(source.target) {
            for (kind, name) in source.code.compactMap(Self.declaration) where Self.allowed[String(name)] == nil {
                let isUsed =
                    kind == "func"
                    ? Self.uses.calls[name, default: 0] > Self.uses.functions[name, default: 0]
                    : Self.uses.mentions[name, default: 0] > 1
                #expect(isUsed, "\(source.path): \(kind) \(name)")
            }
        }
    }

    private static func declaration(_ line: String) -> (kind: Substring, name: Substring)? {
        guard line.contains("package ") else { return nil }
        let pattern =
            /^ *(?:@\w+(?:\([^)]*\))? )*package (?:[a-z]+ )*?(func|var|let|struct|enum|class|actor|protocol|typealias) +`?(\w+)/
        return line.firstMatch(of: pattern).map { ($0.output.1, $0.output.2) }
    }

    /// Lines that are no comments; texts stay, for what is interpolated into them.
    private static func mentioning(_ source: Source) -> [String] {
        source.lines.filter { !$0.drop { $0 == " " }.hasPrefix("//") }
    }

    /// The words of a line, and whether arguments follow.
    private static func words(_ line: String) -> [(text: Substring, isCalled: Bool)] {
        var words: [(Substring, Bool)] = []
        let bytes = line.utf8
        var at = bytes.startIndex
        while let start = bytes[at...].firstIndex(where: isPartOfWord) {
            let end = bytes[start...].firstIndex { !isPartOfWord($0) } ?? bytes.endIndex
            let next = bytes[end...].first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "`") }
            words.append((line[start..<end], next.map { "({<".utf8.contains($0) } ?? false))
            at = end
        }
        return words
    }

    private static func isPartOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }
}
