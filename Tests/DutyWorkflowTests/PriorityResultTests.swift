import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

@Suite("priority results")
struct PriorityResultTests {
    private static let duty = Duty(slot: Slot(31), type: .infoSync)

    /// - Parameter topics: by name, most preferred first.
    private static func message(_ peer: String, _ topics: [(String, [String])], duty: Duty = duty) -> PriorityMessage {
        PriorityMessage(
            duty: duty,
            topics: topics.map { .init(topic: PriorityAny($0), priorities: $1.map { PriorityAny($0) }) },
            peerID: peer, signature: [1])
    }

    private static func scored(_ result: PriorityResult, _ topic: String) -> [String] {
        result.topics.filter { $0.topic.text == topic }.flatMap(\.priorities).map {
            "\($0.priority.text ?? "?") \($0.score)"
        }
    }

    @Test("a text is the Any of the specification's vector, and reads back")
    func text() {
        let any = PriorityAny("versions")
        let hex =
            "0x0a29747970652e676f6f676c65617069732e636f6d2f676f6f676c652e70726f746f6275662e56616c7565"
            + "120a1a0876657273696f6e73"
        #expect(Hex.encode(any.canonicalBytes()) == hex)
        #expect(any.text == "versions")
    }

    @Test(
        "what is no plain text has none",
        arguments: [
            [], [0x1a], [0x1a, 2, 0x61], [0x1a, 1, 0x61, 0], [0x12, 1, 0x61], [0x1a, 1, 0x0a], [0x1a, 2, 0xc3, 0xa4],
        ])
    func noText(value: [UInt8]) {
        #expect(PriorityAny(typeURL: PriorityAny("a").typeURL, value: value).text == nil)
        #expect(PriorityAny(typeURL: [], value: PriorityAny("a").value).text == nil)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let preferences: [[String]]
        let threshold: Int
        let result: [String]
    }

    static let rows: [Row] = [
        Row(
            testDescription: "the first counts 1000, each further one less", preferences: [["a", "b", "c"]],
            threshold: 1, result: ["a 1000", "b 999", "c 998"]),
        Row(
            testDescription: "what a threshold of operators has stays, wherever it stands",
            preferences: [["a", "b"], ["b", "a"], ["b"], ["c"]], threshold: 2, result: ["b 2999", "a 1999"]),
        Row(
            testDescription: "one operator less is not enough, though it is its first choice",
            preferences: [["a", "b"], ["b"], ["b"]], threshold: 2, result: ["b 2999"]),
        Row(
            testDescription: "exactly (threshold - 1) × 1000 is not enough",
            preferences: [["a"], ["a"], ["b"]], threshold: 3, result: []),
        Row(
            testDescription: "equal scores stand in the order of first appearance, by peer id",
            preferences: [["x", "y"], ["y", "x"]], threshold: 1, result: ["x 1999", "y 1999"]),
        Row(
            testDescription: "all of one alone stay with a threshold of one", preferences: [["a"], ["b"], []],
            threshold: 1, result: ["a 1000", "b 1000"]),
    ]

    @Test("scores", arguments: rows)
    func scores(row: Row) throws {
        let messages = row.preferences.enumerated().map { Self.message("peer-\($0.offset)", [("t", $0.element)]) }
        let result = try PriorityResult(of: messages, threshold: row.threshold)
        #expect(Self.scored(result, "t") == row.result)
        #expect(result.messages == messages)
        // Whoever makes it, and in whatever order the messages came.
        let other = try PriorityResult(of: messages.reversed(), threshold: row.threshold)
        #expect(other.topics == result.topics && other.messages == messages.reversed())
    }

    /// Far more equal scores than an unstable sort keeps in order.
    @Test("fifty equal scores keep their order")
    func stable() throws {
        let names = (0..<50).map { "p\($0)" }
        let messages = [Self.message("a", [("t", names)]), Self.message("b", [("t", names.reversed())])]
        let result = try PriorityResult(of: messages, threshold: 2)
        #expect(Self.scored(result, "t") == names.map { "\($0) 1951" })
    }

    @Test("topics are ordered by their hash, one nobody agrees on stays empty")
    func topics() throws {
        let messages = [
            Self.message("a", [("version", ["v1"]), ("protocol", ["p"]), ("own", ["x"])]),
            Self.message("b", [("proposal", ["full"]), ("version", ["v1"]), ("protocol", ["p"])]),
        ]
        let result = try PriorityResult(of: messages, threshold: 2)
        let hashes = result.topics.map { consensusHashRoot($0.topic.canonicalBytes()) }
        #expect(hashes == hashes.sorted() && Set(hashes).count == 4)
        #expect(
            result.topics.filter { $0.priorities.isEmpty }.compactMap(\.topic.text).sorted() == ["own", "proposal"])
        #expect(result.agreed("version") == ["v1"] && result.agreed("own").isEmpty && result.agreed("none").isEmpty)
    }

    @Test("messages that break the rules give no result")
    func refusals() {
        let fine = Self.message("a", [("t", ["x"])])
        let many = (0..<1000).map { "p\($0)" }
        let rows: [([PriorityMessage], PriorityFault)] = [
            ([], .noMessages),
            ([fine, Self.message("b", [], duty: Duty(slot: Slot(63), type: .infoSync))], .mixedDuties),
            ([fine, Self.message("a", [])], .repeatedPeer("a")),
            ([fine, Self.message("b", [("t", []), ("t", [])])], .repeatedTopic(peerID: "b")),
            ([fine, Self.message("b", [("t", ["x", "y", "x"])])], .repeatedPriority(peerID: "b")),
            ([fine, Self.message("b", [("t", many)])], .tooManyPriorities(peerID: "b")),
        ]
        for (messages, fault) in rows {
            #expect(throws: fault) { try PriorityResult(of: messages, threshold: 1) }
        }
        #expect(throws: Never.self) {
            try PriorityResult(of: [Self.message("b", [("t", Array(many.dropLast()))])], threshold: 1)
        }
    }

    @Test("a result is recognised with equal scores in any order, and nothing else")
    func recognised() throws {
        let messages = [Self.message("a", [("t", ["x", "y", "z"])]), Self.message("b", [("t", ["y", "x", "z"])])]
        let result = try PriorityResult(of: messages, threshold: 2)
        #expect(Self.scored(result, "t") == ["x 1999", "y 1999", "z 1996"])
        func check(_ change: (inout PriorityResult) -> Void) throws -> Bool {
            var changed = result
            change(&changed)
            return try changed.isResult(ofItsMessages: 2)
        }
        #expect(try check { _ in })
        #expect(try check { $0.messages.reverse() })
        #expect(try check { $0.topics[0].priorities.swapAt(0, 1) })
        #expect(try !check { $0.topics[0].priorities.swapAt(1, 2) })
        #expect(try !check { $0.topics[0].priorities.removeLast() })
        #expect(try !check { $0.topics[0].priorities[0].score += 1 })
        #expect(try !check { $0.topics[0].priorities[1] = $0.topics[0].priorities[0] })
        #expect(try !check { $0.topics = [] })
        #expect(try !check { $0.messages.removeLast() })
        #expect(throws: PriorityFault.noMessages) { try check { $0.messages = [] } }
    }
}
