import Foundation
import Testing

/// A reader finds a type by its file's name. Source: STYLE.md §2.
@Suite("names lead to what they name")
struct NameTests {
    /// Files that hold several small things of one kind, each with what they have in common.
    private static let collections: [String: String] = [
        "Sources/BLS/DivisionByThree.swift": "one operation on the library's points",
        "Sources/BLS/KeyCeremony.swift": "one operation on keys and on points",
        "Sources/BLS/Recovery.swift": "one operation on signatures and on keys",
        "Sources/BLS/Verification.swift": "one operation on signatures and on keys",
        "Sources/BeaconAPI/ProxyMessage.swift": "a request and its response",
        "Sources/DutyWorkflow/Query.swift": "a question, its ticket and its answer",
        "Sources/DutyWorkflow/Record.swift": "one record, and what all of them come to",
        "Sources/DutyWorkflow/Indexes.swift": "two ways to count operators",
        "Sources/DutyWorkflow/WireBytes.swift": "small functions on bytes",
        "Sources/Ethereum/Quantities.swift": "wrapped numbers of one line each",
        "Sources/Libp2p/CircuitMessages.swift": "the parts of the relay's messages",
        "Sources/PeerProtocols/WireMessage.swift": "what our types add to generated ones",
        "Sources/QBFT/Admission.swift": "one rule on configurations and on messages",
        "Sources/SSZ/Basic+SSZ.swift": "one protocol for the language's own types",
        "Sources/SSZ/JSONVisitor.swift": "a reader and its writer",
        "Sources/ValidatorAPI/Endpoints/RemovedEndpoints.swift": "a part of the endpoint table",
        "Sources/ValidatorAPI/Endpoints/SwallowedSubmissions.swift": "a part of the endpoint table",
        "Sources/ValidatorAPI/Endpoints/UnsupportedEndpoints.swift": "a part of the endpoint table",
        "Sources/styx/CommandOutput.swift": "what every command says, as functions",
    ]
    private static let sources = TidyTests.sources.filter { !$0.isGenerated && collections[$0.path] == nil }

    @Test("no file is called after nothing")
    func vague() {
        let vague = ["Manager", "Helper", "Helpers", "Utils", "Common", "Base", "Impl"]
        for source in TidyTests.sources {
            #expect(!vague.contains { source.name.hasSuffix($0) }, "\(source.path)")
        }
    }

    @Test("Type.swift declares Type, Type+Topic.swift extends it")
    func declared() {
        for source in Self.sources {
            let parts = source.name.split(separator: "+")
            let names = source.code.flatMap { parts.count > 1 ? Self.extended(in: $0) : Self.declared(in: $0) }
            let isFound = names.contains {
                parts.count > 1 ? $0 == parts[0] : $0.lowercased().contains(source.name.lowercased())
            }
            #expect(isFound, "\(source.path)")
        }
    }

    /// Files that may use a type before it has to have a file of its own.
    private static let usersMax = 7

    @Test("a type that many files use has a file of its own")
    func hidden() {
        let words = Self.sources.map { (path: $0.path, words: Set($0.code.flatMap(Self.words))) }
        for source in Self.sources {
            let primary = source.name.split(separator: "+")[0].lowercased()
            for line in source.code where !line.hasPrefix(" ") && !line.contains(#/\b(?:private|import) /#) {
                guard let type = line.firstMatch(of: /\b(?:struct|class|enum|actor|protocol) +(\w+)/)?.output.1,
                    !type.lowercased().contains(primary), !primary.contains(type.lowercased())
                else { continue }
                let users = words.filter { $0.path != source.path && $0.words.contains(type) }
                #expect(users.count <= Self.usersMax, "\(type) in \(source.path)")
            }
        }
    }

    private static func declared(in line: String) -> [Substring] {
        line.matches(of: /\b(?:struct|class|enum|actor|protocol|typealias|func|var|let) +`?(\w+)/).map(\.output.1)
    }

    private static func extended(in line: String) -> [Substring] {
        line.matches(of: /\bextension +([\w.]+)/).flatMap { $0.output.1.split(separator: ".") }
    }

    static func words(_ line: String) -> [Substring] {
        line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
    }
}
