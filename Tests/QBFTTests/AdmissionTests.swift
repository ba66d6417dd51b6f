import SSZ
import Testing

@testable import QBFT

/// What a running node of four takes in and what it drops. Node r mod 4 leads round r.
@Suite struct AdmissionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let message: Message
        let refusal: Refusal?

        init(_ name: String, _ message: Message, _ refusal: Refusal? = nil) {
            testDescription = name
            self.message = message
            self.refusal = refusal
        }
    }

    private func check(_ row: Row) {
        var node = started()
        let refusals = node.receive(.message(row.message)).refusals
        #expect(refusals == (row.refusal.map { [$0] } ?? []))
    }

    static let shapes: [Row] = [
        Row("a vote", Message(.prepare, round: 1, source: 3, value: .a)),
        Row("source n", Message(.prepare, round: 1, source: 4, value: .a), .unknownSource),
        Row("source -1", Message(.commit, round: 1, source: -1, value: .a), .unknownSource),
        Row("round 0", Message(.prepare, round: 0, source: 1, value: .a), .roundOutOfRange),
        Row("round < 0", Message(.roundChange, round: .min, source: 1), .roundOutOfRange),
        Row("the last round", Message(.prepare, round: Instance.roundMax, source: 1, value: .a)),
        Row("beyond the last round", Message(.roundChange, round: Instance.roundMax + 1, source: 1), .roundOutOfRange),
        Row("round Int64.max", Message(.roundChange, round: .max, source: 1), .roundOutOfRange),
        Row(
            "prepared round < 0", Message(.roundChange, round: 2, source: 1, preparedRound: -1), .roundOutOfRange),
        Row("PREPARE for nothing", Message(.prepare, round: 1, source: 1), .noValue),
        Row("COMMIT for nothing", Message(.commit, round: 1, source: 1), .noValue),
        Row("PRE_PREPARE for nothing", Message(.prePrepare, round: 1, source: 1), .noValue),
        Row(
            "DECIDED for nothing",
            Message(.decided, round: 1, source: 1, justification: votes(.commit, round: 1, from: 0..<4)), .noValue),
        Row(
            "2n justifications",
            Message(
                .prepare, round: 1, source: 1, value: .a,
                justification: votes(.prepare, round: 1, from: [0, 1, 2, 3, 0, 1, 2, 3], value: .a))),
        Row(
            "2n + 1 justifications",
            Message(
                .prepare, round: 1, source: 1, value: .a,
                justification: votes(.prepare, round: 1, from: [0, 1, 2, 3, 0, 1, 2, 3, 0], value: .a)),
            .tooManyJustifications),
        Row(
            "nested justification",
            Message(
                .roundChange, round: 3, source: 1,
                justification: [
                    preparedRoundChange(to: 2, from: 1, preparedRound: 1, value: .a, preparers: [1, 2, 3])
                ]),
            .nestedJustification),
        Row(
            "justification of an unknown source",
            Message(
                .commit, round: 1, source: 1, value: .a,
                justification: votes(.prepare, round: 1, from: [9], value: .a)),
            .unknownSource),
        Row(
            "justification in round 0",
            Message(
                .commit, round: 1, source: 1, value: .a,
                justification: votes(.prepare, round: 0, from: [1], value: .a)),
            .roundOutOfRange),
    ]

    private static func stray(_ kind: Message.Kind, _ source: Int) -> Message {
        Message(kind, round: 1, source: source, value: .a, preparedValue: .b)
    }

    static let strays: [Row] = [
        Row("PREPARE with a prepared value", stray(.prepare, 1), .strayFields),
        Row("COMMIT with a prepared value", stray(.commit, 1), .strayFields),
        Row(
            "COMMIT with a prepared round", Message(.commit, round: 2, source: 1, value: .a, preparedRound: 1),
            .strayFields),
        Row("ROUND_CHANGE with a value", Message(.roundChange, round: 2, source: 1, value: .a), .strayFields),
        Row("PRE_PREPARE as the specification's text has it", stray(.prePrepare, 1)),
        // A peer that counts them is not at fault.
        Row(
            "as proof of a ROUND_CHANGE",
            Message(
                .roundChange, round: 2, source: 1, preparedRound: 1, preparedValue: .a,
                justification: votes(.prepare, round: 1, from: [0, 1], value: .a) + [stray(.prepare, 3)])),
        Row(
            "as proof of a DECIDED",
            decided(
                votes(.commit, round: 2, from: [0, 1], value: .a) + [
                    Message(.commit, round: 2, source: 3, value: .a, preparedValue: .b)
                ])),
    ]

    @Test("a second value in a vote", arguments: strays)
    func stray(row: Row) { check(row) }

    @Test("only what justifies a message is taken from it")
    func admitted() throws {
        let node = started()
        func admitted(_ message: Message) throws -> [Message] {
            try node.configuration.admitted(message).justification
        }
        let junk = votes(.prepare, round: 9, from: 0...1, value: Root.b)
        let carriers: [Message.Kind] = [.prePrepare, .prepare, .commit]
        for kind in carriers {
            let carrier = Message(kind, round: 1, source: 1, value: .a, justification: junk)
            #expect(try admitted(carrier) == [])
        }
        let commits = votes(.commit, round: 2, from: 0...2, value: Root.a)
        #expect(try admitted(Self.decided(junk + commits + commits)) == commits)
        // J1 needs no PREPARE, J2 all of them, and both one ROUND_CHANGE of each node for the round.
        let changes = Self.null(0, 1, 2)
        let repeated = changes + changes + votes(.roundChange, round: 9, from: [0])
        #expect(try admitted(Self.proposal(by: repeated)) == changes)
        #expect(try admitted(Self.proposal(by: changes + Self.prepares)) == changes)
        let proof = Self.null(0, 2) + [Self.claim(1, 1)] + Self.prepares
        #expect(try admitted(Self.proposal(by: proof)) == proof)
    }

    @Test("bounds", arguments: shapes)
    func shape(row: Row) { check(row) }

    static let roundChanges: [Row] = [
        Row("nothing prepared", Message(.roundChange, round: 2, source: 1)),
        Row(
            "prepared round without proof",
            Message(.roundChange, round: 2, source: 1, preparedRound: 1), .notJustified),
        Row(
            "prepared value without proof",
            Message(.roundChange, round: 2, source: 1, preparedValue: .a), .notJustified),
        Row("a quorum", preparedRoundChange(to: 2, from: 1, preparedRound: 1, value: .a, preparers: [0, 2, 3])),
        Row("all nodes", preparedRoundChange(to: 2, from: 1, preparedRound: 1, value: .a, preparers: [0, 1, 2, 3])),
        Row(
            "less than a quorum", preparedRoundChange(to: 2, from: 1, preparedRound: 1, value: .a, preparers: [0, 2]),
            .notJustified),
        Row(
            "a source twice",
            preparedRoundChange(to: 2, from: 1, preparedRound: 1, value: .a, preparers: [0, 2, 2]), .notJustified),
        Row(
            "a source twice beside a quorum",
            preparedRoundChange(to: 2, from: 1, preparedRound: 1, value: .a, preparers: [0, 1, 2, 2]), .notJustified),
        Row(
            "prepares of another round",
            Message(
                .roundChange, round: 3, source: 1, preparedRound: 2, preparedValue: .a,
                justification: votes(.prepare, round: 1, from: [0, 1, 2], value: .a)), .notJustified),
        Row(
            "prepares of another value",
            Message(
                .roundChange, round: 3, source: 1, preparedRound: 1, preparedValue: .b,
                justification: votes(.prepare, round: 1, from: [0, 1, 2], value: .a)), .notJustified),
        Row(
            "commits",
            Message(
                .roundChange, round: 3, source: 1, preparedRound: 1, preparedValue: .a,
                justification: votes(.commit, round: 1, from: [0, 1, 2], value: .a)), .notJustified),
        Row(
            "prepares for a claim of nothing",
            Message(
                .roundChange, round: 3, source: 1,
                justification: votes(.prepare, round: 1, from: [0, 1, 2], value: .a)), .notJustified),
    ]

    @Test("ROUND_CHANGE", arguments: roundChanges)
    func roundChange(row: Row) { check(row) }

    static func decided(_ commits: [Message]) -> Message {
        Message(.decided, round: 2, source: 1, value: .a, justification: commits)
    }

    static let decisions: [Row] = [
        Row("a quorum", decided(votes(.commit, round: 2, from: [0, 1, 3], value: .a))),
        Row(
            "a quorum among others",
            decided(
                votes(.commit, round: 2, from: [0, 1, 1], value: .a) + votes(.commit, round: 1, from: [2], value: .a)
                    + votes(.commit, round: 2, from: [3], value: .a))),
        Row("nothing", decided([]), .notJustified),
        Row("less than a quorum", decided(votes(.commit, round: 2, from: [0, 1], value: .a)), .notJustified),
        Row("a source twice", decided(votes(.commit, round: 2, from: [0, 1, 1], value: .a)), .notJustified),
        Row("another round", decided(votes(.commit, round: 1, from: 0..<4, value: .a)), .notJustified),
        Row("another value", decided(votes(.commit, round: 2, from: 0..<4, value: .b)), .notJustified),
        Row("prepares", decided(votes(.prepare, round: 2, from: 0..<4, value: .a)), .notJustified),
        Row(
            "two rounds",
            decided(
                votes(.commit, round: 2, from: [0, 1], value: .a) + votes(.commit, round: 1, from: [2, 3], value: .a)),
            .notJustified),
    ]

    @Test("DECIDED", arguments: decisions)
    func decision(row: Row) { check(row) }

    /// PRE_PREPARE of round 3 by its leader, node 3, unless said otherwise.
    static func proposal(
        _ value: Root = .a, round: Int64 = 3, from source: Int = 3, by justification: [Message]
    ) -> Message {
        Message(.prePrepare, round: round, source: source, value: value, justification: justification)
    }

    /// ROUND_CHANGE to 3, prepared `value` in `round`; the proof is left out, as in a proposal's justification.
    static func claim(_ source: Int, _ round: Int64, _ value: Root = .a) -> Message {
        preparedRoundChange(to: 3, from: source, preparedRound: round, value: value, preparers: [], bare: true)
    }

    static func null(_ sources: Int...) -> [Message] { votes(.roundChange, round: 3, from: sources) }

    static let prepares = votes(.prepare, round: 1, from: [0, 1, 2], value: Root.a)

    static let proposals: [Row] = [
        Row("first round, by its leader", proposal(round: 1, from: 1, by: [])),
        Row("first round, by another", proposal(round: 1, from: 2, by: []), .notLeader),
        Row("later round, by another", proposal(from: 2, by: null(0, 1, 2)), .notLeader),
        Row("no justification", proposal(by: []), .notJustified),
        // J1
        Row("J1: a quorum prepared nothing", proposal(.b, by: null(0, 1, 2))),
        Row("J1: less than a quorum", proposal(by: null(0, 1)), .notJustified),
        Row("J1: a source twice", proposal(by: null(0, 1, 1)), .notJustified),
        Row("J1: a source twice beside a quorum", proposal(by: null(0, 1, 1, 2))),
        Row("J1: another round", proposal(by: votes(.roundChange, round: 2, from: 0..<4)), .notJustified),
        // J2
        Row("J2: the prepared value", proposal(by: null(0, 2) + [claim(1, 1)] + prepares)),
        Row("J2: justification in another order", proposal(by: prepares + [claim(1, 1)] + null(0, 2))),
        Row("J2: another value", proposal(.b, by: null(0, 2) + [claim(1, 1)] + prepares), .notJustified),
        Row("J2: without prepares", proposal(by: null(0, 2) + [claim(1, 1)]), .notJustified),
        Row(
            "J2: too few prepares", proposal(by: null(0, 2) + [claim(1, 1)] + prepares.dropLast()), .notJustified),
        Row(
            "J2: a preparer twice", proposal(by: null(0, 2) + [claim(1, 1)] + prepares + prepares.prefix(1)),
            .notJustified),
        Row(
            "J2: prepares of two values",
            proposal(by: null(0, 2) + [claim(1, 1)] + prepares + votes(.prepare, round: 1, from: [3], value: .b)),
            .notJustified),
        Row(
            "J2: prepares of two rounds",
            proposal(by: null(0, 2) + [claim(1, 1)] + prepares + votes(.prepare, round: 2, from: [3], value: .a)),
            .notJustified),
        Row(
            "J2: not the highest prepared round",
            proposal(by: null(0) + [claim(1, 1), claim(2, 2, .b)] + prepares), .notJustified),
        Row("J2: all below the prepares", proposal(by: null(0, 1, 2) + prepares)),
        Row(
            "J2: nobody claims exactly the prepares",
            proposal(by: null(0, 2) + [claim(1, 1)] + votes(.prepare, round: 2, from: 0..<3, value: .a)),
            .notJustified),
        Row(
            "J2: the claim is of another value",
            proposal(by: null(0, 2) + [claim(1, 1, .b)] + prepares), .notJustified),
        Row(
            "J2: the first word of a source counts",
            proposal(by: null(0, 1, 2) + [claim(1, 1)] + prepares)),
        Row(
            "J2: a value without a round is a claim",
            proposal(by: null(0, 2) + [claim(1, 0)] + prepares), .notJustified),
    ]

    @Test("PRE_PREPARE", arguments: proposals)
    func prePrepare(row: Row) { check(row) }

    @Test(
        "a refused message leaves no trace",
        arguments: (proposals + decisions + roundChanges).filter { $0.refusal != nil })
    func noTrace(row: Row) {
        var node = started()
        let effects = node.receive(.message(row.message))
        #expect(effects.count == 1)
        #expect(node.round == 1)
        // A second one adds up to nothing either, whoever sends it.
        #expect(node.receive(.message(row.message)).count == 1)
    }
}
