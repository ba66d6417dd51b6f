import DutyWorkflow
import Ethereum
import QBFT
import SSZ
import Testing

@testable import KillMatrix

@Suite("Ledger: what contradicts what")
struct LedgerTests {
    private static let duty = Duty.attester(slot: 5)
    private static let key = EntryKey(PubKey(padding: [7]))

    /// How many contradictions the ledger finds in these statements.
    private func found(_ statements: [Statement]) -> Int {
        var ledger = Ledger()
        for statement in statements { ledger.note(statement) }
        return ledger.contradictions.count
    }

    private func vote(
        _ kind: QBFT.Message.Kind, round: Int64 = 1, node: Int = 0, value: UInt8 = 0, prepared: Int64 = 0,
        of duty: Duty = Self.duty
    ) -> [Statement] {
        let recalls = kind == .roundChange
        let message = QBFT.Message(
            kind, round: round, source: node, value: recalls ? .zero : Root(padding: [value]),
            preparedRound: prepared, preparedValue: recalls ? Root(padding: [value]) : .zero)
        return Statement.all(in: ConsensusMessage(duty: duty, message: message, values: [:]), heard: "test")
    }

    @Test("the same vote may be heard any number of times", arguments: QBFT.Message.Kind.allCases)
    func repeats(kind: QBFT.Message.Kind) {
        #expect(found(vote(kind, value: 1) + vote(kind, value: 1) + vote(kind, value: 1)) == 0)
    }

    @Test("two values in one round contradict each other, whatever the kind", arguments: QBFT.Message.Kind.allCases)
    func twice(kind: QBFT.Message.Kind) {
        #expect(found(vote(kind, value: 1) + vote(kind, value: 2)) == 1)
        #expect(found(vote(kind, value: 1) + vote(kind, value: 2) + vote(kind, value: 1)) == 1)
    }

    @Test("votes of other nodes, rounds and duties are no contradiction")
    func apart() {
        let first = vote(.prepare, value: 1)
        #expect(found(first + vote(.prepare, node: 1, value: 2)) == 0)
        #expect(found(first + vote(.prepare, round: 2, value: 2)) == 0)
        #expect(found(first + vote(.prepare, value: 2, of: .attester(slot: 6))) == 0)
        #expect(found(first + vote(.commit, value: 2)) == 0)
    }

    @Test("two decisions of one duty contradict each other, in whatever round and by whomever")
    func decisions() {
        #expect(found(vote(.decided, round: 1, node: 0, value: 1) + vote(.decided, round: 3, node: 2, value: 2)) == 1)
        #expect(found(vote(.decided, round: 1, node: 0, value: 1) + vote(.decided, round: 3, node: 2, value: 1)) == 0)
    }

    @Test(
        "who committed recalls that it prepared, in every later round",
        arguments: [
            // Prepared in round, changes to round, recalls round and value; contradictions.
            (2, 3, 0, 0, 1), (2, 3, 1, 1, 1), (2, 3, 2, 2, 1), (2, 3, 2, 1, 0), (2, 4, 3, 2, 0), (2, 2, 0, 0, 0),
        ] as [(Int64, Int64, Int64, UInt8, Int)])
    func locks(prepared: Int64, later: Int64, recalled: Int64, value: UInt8, contradictions: Int) {
        let commit = vote(.commit, round: prepared, value: 1)
        let change = vote(.roundChange, round: later, value: value, prepared: recalled)
        #expect(found(commit + change) == contradictions)
        #expect(found(change + commit) == contradictions)
        let other = vote(.roundChange, round: later, node: 1, value: value, prepared: recalled)
        #expect(found(commit + other) == 0)
    }

    @Test("what stands in a justification is its signer's word")
    func justifications() {
        let prepare = QBFT.Message(.prepare, round: 1, source: 2, value: Root(padding: [1]))
        let commit = QBFT.Message(
            .commit, round: 1, source: 0, value: Root(padding: [1]), justification: [prepare])
        let carried = Statement.all(
            in: ConsensusMessage(duty: Self.duty, message: commit, values: [:]), heard: "test")
        #expect(carried.count == 2)
        #expect(found(carried + vote(.prepare, node: 2, value: 2)) == 1)
        #expect(found(carried + vote(.prepare, node: 2, value: 1)) == 0)
    }

    // MARK: Shares

    private func share(_ root: UInt8, by share: Int = 1, signature: UInt8 = 1, of duty: Duty = Self.duty) -> [Statement]
    {
        let message = SyncCommitteeMessage(
            slot: duty.slot, beaconBlockRoot: Root(padding: [root]), validatorIndex: 1,
            signature: SignatureBytes(padding: [signature]))
        guard let index = ShareIndex(wire: share) else { return [] }
        return Statement.all(
            in: [Self.key: ParSignedData(data: .syncMessage(message), shareIndex: index)], of: duty, heard: "test")
    }

    @Test("a share signs one root, with one signature")
    func shares() {
        #expect(found(share(1) + share(1)) == 0)
        #expect(
            found(share(1, of: Duty(slot: 5, type: .syncMessage)) + share(2, of: Duty(slot: 5, type: .syncMessage)))
                == 1)
        let sync = Duty(slot: 5, type: .syncMessage)
        #expect(found(share(1, of: sync) + share(1, signature: 2, of: sync)) == 1)
        // Nobody decides on it.
        #expect(found(share(1, of: sync) + share(2, by: 2, of: sync)) == 0)
    }

    @Test("in a duty that is decided all shares sign the same")
    func decided() {
        #expect(found(share(1, by: 1) + share(1, by: 2)) == 0)
        #expect(found(share(1, by: 1) + share(2, by: 2)) == 1)
    }

    @Test(
        "double and surround votes of a share are found across duties",
        arguments: [
            // Two votes: source, target, content; contradictions.
            (1, 2, 1, 2, 3, 2, 0), (1, 2, 1, 1, 2, 1, 0), (1, 2, 1, 1, 2, 2, 1), (1, 4, 1, 2, 3, 2, 1),
            (2, 3, 1, 1, 4, 2, 1), (1, 4, 1, 1, 5, 2, 0), (1, 3, 1, 2, 4, 2, 0),
        ] as [(UInt64, UInt64, UInt8, UInt64, UInt64, UInt8, Int)])
    func slashable(s1: UInt64, t1: UInt64, c1: UInt8, s2: UInt64, t2: UInt64, c2: UInt8, contradictions: Int) {
        func vote(_ source: UInt64, _ target: UInt64, _ content: UInt8, _ slot: Slot) -> Statement {
            Statement(
                subject: .share(ShareIndex(PeerIndex(0)), .attester(slot: slot), Self.key), content: "\(content)",
                bond: .votes(source: Epoch(source), target: Epoch(target)), heard: "test")
        }
        #expect(found([vote(s1, t1, c1, 5), vote(s2, t2, c2, 6)]) == contradictions)
    }

    // MARK: Served values and memory

    @Test("validator clients are given one value, whichever node they ask")
    func served() {
        func answer(_ content: String, _ node: Int) -> Statement {
            Statement(subject: .served(Self.duty), content: content, heard: "a client of node \(node)")
        }
        #expect(found([answer("a", 0), answer("a", 1), answer("a", 0)]) == 0)
        #expect(found([answer("a", 0), answer("b", 1)]) == 1)
    }

    @Test("tells of whom it heard nothing")
    func silence() {
        var ledger = Ledger()
        for statement in vote(.prepare, node: 0, value: 1) + vote(.prepare, node: 1, value: 1) + share(1, by: 1) {
            ledger.note(statement)
        }
        #expect(ledger.silent(of: 0..<3) == [1, 2])
        #expect(!ledger.isServing)
        ledger.note(Statement(subject: .served(Self.duty), content: "a", heard: "test"))
        #expect(ledger.isServing)
    }

    @Test("forgets duties that are long over, and no others")
    func forgets() {
        var ledger = Ledger(keptSlots: 10)
        for statement in vote(.prepare, value: 1) { ledger.note(statement) }
        ledger.forget(before: 15)
        for statement in vote(.prepare, value: 2) { ledger.note(statement) }
        #expect(ledger.contradictions.count == 1)
        ledger.forget(before: 16)
        for statement in vote(.prepare, value: 3) { ledger.note(statement) }
        #expect(ledger.contradictions.count == 1)
    }

    @Test("a contradiction names who said what to whom")
    func description() {
        var ledger = Ledger()
        for (content, heard) in [("aa", "node 1 in life 1 to node 2"), ("bb", "node 1 in life 2 to node 3")] {
            ledger.note(Statement(subject: .decision(Self.duty), content: content, heard: heard))
        }
        #expect(
            ledger.contradictions.map(\.description) == [
                "decision of 5/attester: aa (node 1 in life 1 to node 2), then bb (node 1 in life 2 to node 3)"
            ])
    }
}
