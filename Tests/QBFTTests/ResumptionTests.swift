import SSZ
import Testing

@testable import QBFT

/// Node 0 of four after a crash. Node r mod 4 leads round r.
@Suite struct ResumptionTests {
    private let node0 = Instance.Configuration(nodes: 4, index: 0, leaderOffset: 0)
    private let node1 = Instance.Configuration(nodes: 4, index: 1, leaderOffset: 0)

    private static func sealed(_ message: Message, prepared: [Message] = []) -> Message {
        var record = message.record(prepared: prepared)
        record.signature = [1, 2, 3]
        return record
    }

    private static let prepares = votes(.prepare, round: 1, from: 0..<3, value: Root.a)
    private static let prepare = sealed(Message(.prepare, round: 1, source: 0, value: .a))
    private static let commit = sealed(Message(.commit, round: 1, source: 0, value: .a), prepared: prepares)

    @Test("an empty journal is a new node")
    func empty() throws {
        var node = try Instance(configuration: node1, resuming: [])
        #expect(node.receive(.start) == [.startTimer(round: 1)])
        #expect(node.receive(.input(.a)).broadcasts.map(\.kind) == [.prePrepare])
    }

    @Test("a leader stays with the proposal it made")
    func leader() throws {
        let proposal = Self.sealed(Message(.prePrepare, round: 1, source: 1, value: .a))
        var node = try Instance(configuration: node1, resuming: [proposal])
        #expect(node.receive(.input(.b)) == [])
        #expect(node.receive(.start) == [.startTimer(round: 1), .rebroadcast(proposal)])
        // Passed back in, it is answered: the PREPARE was not in the journal.
        #expect(node.receive(.message(proposal)).broadcasts.map(\.value) == [.a])
    }

    @Test("a leader that had proposed nothing proposes")
    func silentLeader() throws {
        let own = Self.sealed(Message(.roundChange, round: 5, source: 1))
        var node = try Instance(configuration: node1, resuming: [own])
        _ = node.receive(.input(.b))
        _ = node.receive(.start)
        let changes = [own] + votes(.roundChange, round: 5, from: [0, 2])
        #expect(node.receive(all: changes).broadcasts.map(\.kind) == [.prePrepare])
    }

    @Test("a PREPARE is repeated, and no other proposal of its round answered")
    func afterPrepare() throws {
        var node = try Instance(configuration: node0, resuming: [Self.prepare])
        #expect(node.receive(.start) == [.startTimer(round: 1), .rebroadcast(Self.prepare)])
        #expect(node.receive(.message(Message(.prePrepare, round: 1, source: 1, value: .b))) == [])
        #expect(
            node.receive(all: votes(.prepare, round: 1, from: 1...3, value: .a)).broadcasts.map(\.kind) == [.commit])
    }

    @Test("a COMMIT is repeated without its proof; the next ROUND_CHANGE carries the proof")
    func afterCommit() throws {
        var node = try Instance(configuration: node0, resuming: [Self.prepare, Self.commit])
        #expect(
            node.receive(.start) == [
                .startTimer(round: 1), .rebroadcast(Self.prepare), .rebroadcast(Self.commit.bare),
            ])
        #expect(node.receive(all: votes(.prepare, round: 1, from: 1...3, value: .b)) == [], "one COMMIT a round")
        let expected = Message(
            .roundChange, round: 2, source: 0, preparedRound: 1, preparedValue: .a, justification: Self.prepares)
        #expect(node.receive(.timerFired(round: 1)).broadcasts == [expected])
    }

    @Test("the highest round and the highest prepared value count, in any order of the journal")
    func highest() throws {
        let high = votes(.prepare, round: 3, from: 1...3, value: Root.b)
        let change2 = Self.sealed(
            Message(
                .roundChange, round: 2, source: 0, preparedRound: 1, preparedValue: .a, justification: Self.prepares))
        let commit3 = Self.sealed(Message(.commit, round: 3, source: 0, value: .b), prepared: high)
        let change4 = Self.sealed(
            Message(.roundChange, round: 4, source: 0, preparedRound: 3, preparedValue: .b, justification: high))
        let records = [Self.prepare, Self.commit, change2, commit3, change4]
        let next = Message(
            .roundChange, round: 5, source: 0, preparedRound: 3, preparedValue: .b, justification: high)
        for order in [records, records.reversed(), records + records] {
            var node = try Instance(configuration: node0, resuming: order)
            #expect(node.receive(.start) == [.startTimer(round: 4), .rebroadcast(change4)])
            #expect(node.receive(.timerFired(round: 4)).broadcasts == [next])
        }
    }

    @Test("a DECIDED in the journal promises nothing")
    func decided() throws {
        let decided = Message(.decided, round: 7, source: 0, value: .a)
        var node = try Instance(configuration: node0, resuming: [decided, Self.prepare])
        #expect(node.receive(.start).count == 2)
        #expect(node.round == 1)
    }

    @Test(
        "a damaged journal is refused",
        arguments: [
            ([Message(.prepare, round: 1, source: 1, value: .a)], "foreign"),
            ([Message(.prepare, round: 0, source: 0, value: .a)], "foreign"),
            ([prepare, Message(.prepare, round: 1, source: 0, value: .b)], "contradiction"),
            (
                [
                    Message(.roundChange, round: 2, source: 0),
                    preparedRoundChange(to: 2, from: 0, preparedRound: 1, value: .a, preparers: [0, 1, 2]),
                ], "contradiction"
            ),
            ([commit.bare], "missing"),
            ([commit.record(prepared: Array(prepares.dropLast()))], "missing"),
            ([commit.record(prepared: votes(.prepare, round: 1, from: 0..<3, value: Root.b))], "missing"),
            ([preparedRoundChange(to: 2, from: 0, preparedRound: 1, value: .a, preparers: [0, 1])], "missing"),
        ] as [([Message], String)])
    func damaged(records: [Message], fault: String) {
        do throws(JournalFault) {
            _ = try Instance(configuration: node0, resuming: records)
            Issue.record("accepted")
        } catch {
            switch error {
            case .foreign: #expect(fault == "foreign")
            case .contradiction: #expect(fault == "contradiction")
            case .missingPrepares: #expect(fault == "missing")
            }
        }
    }
}
