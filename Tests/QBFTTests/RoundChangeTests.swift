import SSZ
import Testing

@testable import QBFT

/// How a running node of four changes rounds, and what it proposes then. Node r mod 4 leads round r.
@Suite struct RoundChangeTests {
    @Test("the timer moves the node on; a late one does not")
    func timer() {
        var node = started()
        #expect(
            node.receive(.timerFired(round: 1)) == [
                .roundChanged(from: 1, to: 2, .roundTimeout), .startTimer(round: 2),
                .broadcast(Message(.roundChange, round: 2, source: 0), prepared: []),
            ])
        for stale in [1, 3, 0, -1, .min, .max] as [Int64] {
            #expect(node.receive(.timerFired(round: stale)) == [])
        }
        var waiting = instance()
        #expect(waiting.receive(.timerFired(round: 1)) == [])
    }

    @Test("a later round lacks others until a quorum is in it or somebody proposes there")
    func lacking() {
        var node = started()
        #expect(!node.lacksRoundChanges)
        for effect in node.receive(.timerFired(round: 1)) {
            if case .broadcast(let message, _) = effect { _ = node.receive(.message(message)) }
        }
        #expect(node.lacksRoundChanges)
        var other = node
        _ = node.receive(all: votes(.roundChange, round: 2, from: [1]))
        #expect(node.lacksRoundChanges, "two of four")
        _ = node.receive(all: votes(.roundChange, round: 2, from: [1, 3]))
        #expect(!node.lacksRoundChanges)
        let proof = votes(.roundChange, round: 2, from: 1...3)
        let proposal = Message(.prePrepare, round: 2, source: 2, value: .a, justification: proof)
        _ = other.receive(.message(proposal))
        #expect(!other.lacksRoundChanges)
        _ = other.receive(.timerFired(round: 2))
        #expect(other.lacksRoundChanges, "the third round is another one")
        _ = other.receive(all: votes(.commit, round: 3, from: 1...3, value: .a))
        #expect(!other.lacksRoundChanges, "decided")
    }

    @Test("a prepared node says so, with proof")
    func preparedRoundChange() {
        var node = started()
        let prepares = votes(.prepare, round: 1, from: 1...3, value: .a)
        _ = node.receive(all: prepares)
        let expected = Message(
            .roundChange, round: 2, source: 0, preparedRound: 1, preparedValue: .a, justification: prepares)
        #expect(node.receive(.timerFired(round: 1)).broadcasts == [expected])
    }

    @Test(
        "f+1 ROUND_CHANGEs pull a node to the lowest round",
        arguments: [
            (3, [5], 5), (4, [5, 7], 5), (4, [7, 5], 5), (7, [9, 4, 6], 4), (10, [3, 3, 8, 3], 3),
        ] as [(Int, [Int64], Int64)])
    func pulled(nodes: Int, rounds: [Int64], target: Int64) {
        var node = started(nodes: nodes)
        let changes = rounds.enumerated().map { Message(.roundChange, round: $1, source: $0 + 1) }
        #expect(node.receive(all: changes.dropLast()) == [])
        #expect(
            node.receive(.message(changes[changes.count - 1])) == [
                .roundChanged(from: 1, to: target, .fPlus1RoundChanges), .startTimer(round: target),
                .broadcast(Message(.roundChange, round: target, source: 0), prepared: []),
            ])
    }

    @Test("the highest word of each source counts")
    func highestPerSource() {
        var node = started()
        let changes = [3, 6, 4].map { Message(.roundChange, round: $0, source: 1) }
        #expect(node.receive(all: changes) == [], "one source is not f+1")
        _ = node.receive(.message(Message(.roundChange, round: 5, source: 3)))
        #expect(node.round == 5)
    }

    @Test("f liars cannot move a node, nor can ROUND_CHANGEs for its own or an earlier round")
    func notPulled() {
        var node = started(nodes: 7)
        _ = node.receive(.message(Self.proposalOfSeven(round: 3)))
        #expect(node.round == 3)
        let changes =
            votes(.roundChange, round: Instance.roundMax, from: [5, 6])
            + votes(.roundChange, round: 2, from: 1...4) + votes(.roundChange, round: 3, from: 1...4)
        #expect(node.receive(all: changes) == [])
        #expect(node.round == 3)
    }

    static func proposalOfSeven(round: Int64) -> Message {
        Message(
            .prePrepare, round: round, source: Int(round % 7), value: .a,
            justification: votes(.roundChange, round: round, from: 0..<5))
    }

    @Test("even f+1 liars only reach the last round, and time stops there without a trap")
    func lastRound() {
        var node = started()
        _ = node.receive(all: votes(.roundChange, round: Instance.roundMax, from: [1, 2]))
        #expect(node.round == Instance.roundMax)
        #expect(node.receive(.timerFired(round: Instance.roundMax)) == [])
    }

    // MARK: - Proposals after a round change

    @Test("the next leader proposes its own value when a quorum prepared nothing")
    func proposesInput() {
        var node = started(index: 2, input: .b)
        let own = node.receive(.timerFired(round: 1)).broadcasts
        let changes = own + votes(.roundChange, round: 2, from: [0, 1])
        let effects = node.receive(all: changes)
        // The justification lists sources in order.
        let justification = votes(.roundChange, round: 2, from: 0...2)
        #expect(
            effects == [
                .broadcast(
                    Message(.prePrepare, round: 2, source: 2, value: .b, justification: justification), prepared: [])
            ])
        #expect(node.receive(.message(Message(.roundChange, round: 2, source: 3))) == [], "once")
    }

    @Test("… waits for the value when there is none, but not into the next round")
    func proposesLateInput() {
        var node = started(index: 2)
        let own = node.receive(.timerFired(round: 1)).broadcasts
        #expect(node.receive(all: own + votes(.roundChange, round: 2, from: [0, 1])).broadcasts == [])
        var late = node
        #expect(node.receive(.input(.b)).broadcasts.map(\.kind) == [.prePrepare])
        _ = late.receive(.timerFired(round: 2))
        #expect(late.receive(.input(.b)) == [])
    }

    @Test("… proposes what was prepared in the highest round, with both quorums")
    func proposesPrepared() throws {
        let low = votes(.prepare, round: 1, from: [0, 1, 2], value: Root.a)
        let high = votes(.prepare, round: 2, from: [1, 2, 3], value: Root.b)
        var node = started(index: 3, input: Root(number: 99))
        _ = node.receive(.timerFired(round: 1))
        let own = node.receive(.timerFired(round: 2)).broadcasts
        let one = Message(
            .roundChange, round: 3, source: 1, preparedRound: 1, preparedValue: .a, justification: low)
        let two = Message(
            .roundChange, round: 3, source: 2, preparedRound: 2, preparedValue: .b, justification: high)
        let proposals = node.receive(all: own + [one, two]).broadcasts
        let proposal = try #require(proposals.first)
        #expect(proposals.count == 1)
        #expect(proposal.value == .b)
        #expect(proposal.justification == [one.bare, two.bare] + own + high)
        #expect(proposal.preparedRound == 0 && proposal.preparedValue == .zero)
    }

    @Test("a proof outlives a flood of ROUND_CHANGEs that repeat it")
    func repeatedProof() {
        var node = started(index: 3, input: .b)
        let preparers = [0, 1, 2]
        for round in (3...102 as ClosedRange<Int64>).reversed() {
            let change = QBFTTests.preparedRoundChange(
                to: round, from: 1, preparedRound: 1, value: .a, preparers: preparers)
            #expect(node.receive(.message(change)) == [])
        }
        // Only one of the hundred, that for round 3, the newest, still has its proof.
        _ = node.receive(.timerFired(round: 1))
        let own = node.receive(.timerFired(round: 2)).broadcasts
        let proposals = node.receive(all: own + votes(.roundChange, round: 3, from: [0])).broadcasts
        #expect(proposals.map(\.value) == [.a])
        #expect(proposals.flatMap(\.justification).filter { $0.kind == .prepare }.map(\.source) == preparers)
    }

    @Test("an honest node's later votes cannot be pushed out by its earlier ones, sent again")
    func replayedVotes() {
        var node = started(index: 0, input: .b)
        let changes = (2...150 as ClosedRange<Int64>).map { Message(.roundChange, round: $0, source: 1) }
        _ = node.receive(all: changes + changes)
        _ = node.receive(.message(Message(.roundChange, round: 149, source: 2)))
        #expect(node.round == 149, "f+1: node 1 is still heard in round 150")
    }

    @Test("a node that is rounds late enters the first one that is still open")
    func late() {
        var node = started()
        let prepares = votes(.prepare, round: 1, from: 1...3, value: Root.a)
        _ = node.receive(all: prepares)
        let expected = Message(
            .roundChange, round: 90, source: 0, preparedRound: 1, preparedValue: .a, justification: prepares)
        #expect(
            node.receive(.timerFired(round: 1, next: 90)) == [
                .roundChanged(from: 1, to: 90, .roundTimeout), .startTimer(round: 90),
                .broadcast(expected, prepared: []),
            ])
        _ = node.receive(.timerFired(round: 90, next: 12))
        #expect(node.round == 91, "never back")
        _ = node.receive(.timerFired(round: 91, next: .max))
        #expect(node.round == Instance.roundMax)
    }

    @Test("a ROUND_CHANGE seen first with a proof we cannot pass on takes the better one")
    func betterProof() {
        var node = started(index: 3, input: .b)
        var stray = Message(.prepare, round: 1, source: 2, value: .a)
        stray.preparedValue = .b
        let good = votes(.prepare, round: 1, from: [0, 1, 3], value: Root.a)
        var change = Message(.roundChange, round: 3, source: 1, preparedRound: 1, preparedValue: .a)
        change.justification = Array(good.prefix(2)) + [stray]
        #expect(node.receive(.message(change)).refusals == [])
        change.justification = good
        #expect(node.receive(.message(change)).refusals == [])
        _ = node.receive(.timerFired(round: 1))
        let own = node.receive(.timerFired(round: 2)).broadcasts
        let proposals = node.receive(all: own + votes(.roundChange, round: 3, from: [0])).broadcasts
        #expect(proposals.map(\.value) == [.a])
        #expect(proposals.flatMap(\.justification).allSatisfy { !$0.hasStrayFields })
    }

    @Test("its proposal is acceptable to the others")
    func acceptable() {
        var leader = started(index: 3, input: .b)
        let prepares = votes(.prepare, round: 1, from: 0...3, value: Root.a)
        _ = leader.receive(all: prepares)
        _ = leader.receive(.timerFired(round: 1))
        let own = leader.receive(.timerFired(round: 2)).broadcasts
        let proposals = leader.receive(all: own + votes(.roundChange, round: 3, from: [0, 1])).broadcasts
        var other = started()
        #expect(other.receive(all: proposals).broadcasts == [Message(.prepare, round: 3, source: 0, value: .a)])
    }

    @Test("a quorum of ROUND_CHANGEs one of which is an unproven claim waits for more")
    func unjustified() {
        var node = started(index: 3, input: .b)
        // Node 2, the leader of round 2, smuggles its claim in as a justification, where nobody asks for proof.
        var proposal = InstanceTests.proposal(round: 2)
        proposal.justification.append(
            Message(.roundChange, round: 3, source: 2, preparedRound: 7, preparedValue: Root(number: 7)))
        _ = node.receive(.message(proposal))
        let own = node.receive(.timerFired(round: 2)).broadcasts
        #expect(node.receive(all: own + votes(.roundChange, round: 3, from: [0])) == [])
        #expect(node.receive(.message(Message(.roundChange, round: 3, source: 1))).broadcasts.map(\.value) == [.b])
    }

    @Test("only the leader of the round proposes")
    func onlyLeader() {
        var node = started(index: 3, input: .b)
        let own = node.receive(.timerFired(round: 1)).broadcasts
        #expect(node.receive(all: own + votes(.roundChange, round: 2, from: [0, 1, 2])) == [])
    }
}
