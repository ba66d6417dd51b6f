import SSZ
import Testing

@testable import QBFT

/// The rules of a running node of four, but for round changes. Node r mod 4 leads round r.
@Suite struct InstanceTests {
    static func proposal(round: Int64 = 1, _ value: Root = .a) -> Message {
        Message(
            .prePrepare, round: round, source: Int(round % 4), value: value,
            justification: round == 1 ? [] : votes(.roundChange, round: round, from: 0..<3))
    }

    // MARK: - Start and input

    @Test("a leader proposes once it has both started and a value", arguments: [true, false])
    func leaderProposes(inputFirst: Bool) {
        var node = instance(index: 1)
        let events: [Instance.Event] = inputFirst ? [.input(.a), .start] : [.start, .input(.a)]
        let effects = events.flatMap { node.receive($0) }
        #expect(
            effects == [
                .startTimer(round: 1),
                .broadcast(Message(.prePrepare, round: 1, source: 1, value: .a), prepared: []),
            ])
    }

    @Test("others stay silent", arguments: [0, 2, 3])
    func othersWait(index: Int) {
        var node = instance(index: index)
        #expect(node.receive(.input(.a)) == [])
        #expect(node.receive(.start) == [.startTimer(round: 1)])
    }

    @Test("start and input count once")
    func once() {
        var node = started(index: 1, input: .a)
        #expect(node.receive(.start) == [])
        #expect(node.receive(.input(.b)) == [])
    }

    @Test("zero is no value: refused, and a later value is welcome")
    func zeroInput() {
        var node = started(index: 1)
        #expect(node.receive(.input(.zero)) == [.inputRefused])
        #expect(node.receive(.input(.a)).broadcasts.map(\.value) == [.a])
    }

    @Test("messages before the start wait for it")
    func early() {
        var node = instance()
        let round =
            [Self.proposal()] + votes(.prepare, round: 1, from: 1...3, value: .a)
            + votes(.commit, round: 1, from: 1...3, value: .a)
        #expect(node.receive(all: round + round) == [])
        let effects = node.receive(.start)
        // A complete round decides at once.
        #expect(effects.first == .startTimer(round: 1))
        #expect(effects.decisions == [.a])
    }

    @Test("one source cannot fill the waiting room of the others")
    func waitingRoom() {
        var node = instance()
        let flood = (1...40).map { Message(.prepare, round: 1, source: 3, value: Root(number: $0)) }
        #expect(node.receive(all: flood).refusals == Array(repeating: .tooEarly, count: 8))
        #expect(node.receive(.message(Self.proposal())) == [])
        #expect(node.receive(.start).broadcasts == [Message(.prepare, round: 1, source: 0, value: .a)])
    }

    // MARK: - Proposals

    @Test("a proposal is answered with PREPARE, whatever the own value is, and prolongs the round")
    func prepares() {
        var node = started(input: .b)
        #expect(
            node.receive(.message(Self.proposal())) == [
                .startTimer(round: 1), .broadcast(Message(.prepare, round: 1, source: 0, value: .a), prepared: []),
            ])
    }

    @Test("the leader answers its own proposal")
    func ownProposal() {
        var node = instance(index: 1)
        _ = node.receive(.input(.a))
        let proposals = node.receive(.start).broadcasts
        #expect(node.receive(all: proposals).broadcasts == [Message(.prepare, round: 1, source: 1, value: .a)])
    }

    @Test("a second, different proposal gets no answer", arguments: [1, 3] as [Int64])
    func secondProposal(round: Int64) {
        var node = started()
        #expect(node.receive(.message(Self.proposal(round: round, .a))).broadcasts.map(\.value) == [.a])
        let (first, second) = (Self.proposal(round: round, .a), Self.proposal(round: round, .b))
        #expect(
            node.receive(.message(second)) == [
                .equivocated(source: Int(round % 4), first: first, second: second)
            ])
    }

    @Test("a proposal for a later round pulls the node there, for an earlier one does not")
    func laterProposal() {
        var node = started()
        #expect(
            node.receive(.message(Self.proposal(round: 3))) == [
                .roundChanged(from: 1, to: 3, .justifiedPrePrepare), .startTimer(round: 3),
                .broadcast(Message(.prepare, round: 3, source: 0, value: .a), prepared: []),
            ])
        #expect(node.receive(.message(Self.proposal(round: 2))) == [])
        #expect(node.round == 3)
    }

    // MARK: - Quorums

    @Test("a quorum of PREPAREs is answered with COMMIT, and the quorum handed over", arguments: [3, 4, 7, 10])
    func commits(nodes: Int) {
        var node = started(nodes: nodes)
        let quorum = ClusterSize(nodes: nodes).quorum
        let prepares = votes(.prepare, round: 1, from: 0..<quorum, value: .a)
        #expect(node.receive(all: prepares.dropLast()) == [])
        #expect(
            node.receive(.message(prepares[quorum - 1])) == [
                .broadcast(Message(.commit, round: 1, source: 0, value: .a), prepared: prepares)
            ])
        // Fires once.
        #expect(node.receive(all: votes(.prepare, round: 1, from: 0..<nodes, value: .a)) == [])
    }

    @Test("a quorum of COMMITs decides, once", arguments: [3, 4, 7, 10])
    func decides(nodes: Int) {
        var node = started(nodes: nodes)
        let quorum = ClusterSize(nodes: nodes).quorum
        let commits = votes(.commit, round: 1, from: 0..<quorum, value: .a)
        #expect(node.receive(all: commits.dropLast()) == [])
        #expect(
            node.receive(.message(commits[quorum - 1])) == [
                .stopTimer, .decided(value: .a, round: 1, leader: 1, commits: commits),
            ])
        #expect(node.receive(all: votes(.commit, round: 1, from: 0..<nodes, value: .a)) == [])
        #expect(node.receive(.timerFired(round: 1)) == [])
        #expect(node.receive(.input(.b)) == [])
    }

    @Test(
        "votes for different values, rounds or from one source do not add up",
        arguments: [
            Message.Kind.prepare, .commit,
        ])
    func noQuorum(kind: Message.Kind) {
        var node = started()
        let scattered =
            votes(kind, round: 1, from: [1, 2], value: .a) + votes(kind, round: 1, from: [3], value: .b)
            + votes(kind, round: 2, from: [0, 3], value: .a) + votes(kind, round: 1, from: [1, 1, 2], value: .a)
        #expect(node.receive(all: scattered) == [])
    }

    @Test(
        "votes of another round are kept, and count when that round has come",
        arguments: [
            Message.Kind.prepare, .commit,
        ])
    func keptVotes(kind: Message.Kind) {
        var node = started()
        #expect(node.receive(all: votes(kind, round: 2, from: 1...3, value: .a)) == [])
        let effects = node.receive(.message(Self.proposal(round: 2)))
        // Only another vote makes the node look again: its own PREPARE, or a COMMIT.
        #expect(effects.broadcasts.map(\.kind) == [.prepare])
        let next = node.receive(.message(Message(kind, round: 2, source: 0, value: .a)))
        #expect(kind == .prepare ? next.broadcasts.map(\.kind) == [.commit] : next.decisions == [.a])
    }

    @Test("a DECIDED decides in any round", arguments: [1, 2, 9] as [Int64])
    func decidedMessage(round: Int64) {
        var node = started()
        _ = node.receive(.timerFired(round: 1))
        let commits = votes(.commit, round: round, from: 1...3, value: .b)
        // What does not belong to the proof is not passed on.
        let decided = Message(
            .decided, round: round, source: 2, value: .b,
            justification: commits + votes(.commit, round: round, from: [0], value: .a) + commits.prefix(1))
        let effects = node.receive(.message(decided))
        let leader = Int(round % 4)
        #expect(
            effects.suffix(2) == [
                .stopTimer, .decided(value: .b, round: round, leader: leader, commits: commits),
            ])
        #expect(effects.count == (round == 2 ? 2 : 3))
    }

    // MARK: - After the decision

    @Test("round changes are answered with the proof, each round once")
    func answers() {
        var node = started()
        let commits = votes(.commit, round: 1, from: 1...3, value: .a)
        _ = node.receive(all: commits)
        let decided = Message(.decided, round: 1, source: 0, value: .a, justification: commits)
        func ask(_ round: Int64, _ source: Int) -> [Message] {
            let effects = node.receive(.message(Message(.roundChange, round: round, source: source)))
            #expect(effects.broadcasts.isEmpty && effects.answers.allSatisfy { $0.asker == source })
            return effects.answers.map(\.message)
        }
        #expect(ask(2, 3) == [decided])
        #expect(ask(2, 3) == [])
        #expect(ask(2, 2) == [decided])
        #expect(ask(5, 3) == [decided])
        #expect(ask(4, 3) == [])
        #expect(ask(6, 0) == [], "not to itself")
        #expect(node.receive(.message(Self.proposal(round: 2))) == [])
        var other = started(index: 3)
        #expect(other.receive(.message(decided)).decisions == [.a])
    }

    @Test("a source gets 16 answers, no more, and takes none from the others")
    func answersAreBounded() {
        var node = started()
        _ = node.receive(all: votes(.commit, round: 1, from: 1...3, value: .a))
        let asked = (2...100).map { Message(.roundChange, round: $0, source: 3) }
        #expect(node.receive(all: asked).answers.count == 16)
        #expect(node.receive(.message(Message(.roundChange, round: 2, source: 2))).answers.count == 1)
    }

    // MARK: - Equivocation and floods

    @Test("two values in one round are reported once", arguments: [Message.Kind.prepare, .commit])
    func equivocation(kind: Message.Kind) {
        var node = started()
        let first = Message(kind, round: 1, source: 2, value: .a)
        let second = Message(kind, round: 1, source: 2, value: .b)
        let otherRound = Message(kind, round: 2, source: 2, value: .b)
        #expect(node.receive(all: [first, otherRound, first]) == [])
        #expect(node.receive(.message(second)) == [.equivocated(source: 2, first: first, second: second)])
        #expect(node.receive(all: [first, second, Message(kind, round: 1, source: 2, value: Root(number: 3))]) == [])
    }

    @Test("a second node with our key is reported")
    func ownEquivocation() {
        var node = started()
        let own = node.receive(.message(Self.proposal())).broadcasts
        _ = node.receive(all: own)
        let foreign = Message(.prepare, round: 1, source: 0, value: .b)
        #expect(node.receive(.message(foreign)) == [.equivocated(source: 0, first: own[0], second: foreign)])
    }

    @Test("of more than 100 messages of a source the lowest round is forgotten, but only its own")
    func flood() {
        var node = started()
        _ = node.receive(all: votes(.prepare, round: 1, from: [1, 2], value: .a))
        // Repeated by anybody, a vote is stored once.
        for _ in 0..<200 { _ = node.receive(.message(Message(.prepare, round: 2, source: 1, value: .b))) }
        var flooded = node
        #expect(node.receive(.message(Message(.prepare, round: 1, source: 3, value: .a))).broadcasts.count == 1)

        for round in 3...102 as ClosedRange<Int64> {
            _ = flooded.receive(.message(Message(.commit, round: round, source: 1, value: .a)))
        }
        #expect(flooded.receive(.message(Message(.prepare, round: 1, source: 3, value: .a))) == [])
        #expect(flooded.receive(.message(Message(.prepare, round: 1, source: 0, value: .a))).broadcasts.count == 1)
    }

    @Test("what is attached to a PREPARE, a COMMIT or a first proposal counts for nothing")
    func strayJustification() {
        let stray = votes(.prepare, round: 1, from: [0, 1, 2], value: Root.a)
        var node = started()
        let carriers = [
            Message(.prePrepare, round: 1, source: 1, value: .b, justification: stray),
            Message(.commit, round: 1, source: 2, value: .b, justification: stray),
            Message(.prepare, round: 1, source: 3, value: .a, justification: stray),
        ]
        #expect(node.receive(all: carriers).broadcasts.map(\.kind) == [.prepare])
    }
}
