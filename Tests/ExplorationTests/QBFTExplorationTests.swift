import QBFT
import Testing

@testable import Exploration

/// Small parts of what Scripts/explore runs in full.
@Suite("QBFT, every order")
struct QBFTExplorationTests {
    @Test("one round with a Byzantine leader: one decision, no vote taken back, and three can always decide")
    func firstRound() {
        let outcome = QBFTExploration(byzantine: 1, rounds: 1).run(continuations: 40, lives: 20, walks: 20)
        #expect(outcome.violations.isEmpty && outcome.isComplete)
        #expect(outcome.isSymmetric && outcome.decidedByAll > 0 && outcome.decidedBySome < outcome.states)
        #expect(outcome.continued > 0 && outcome.compared > 0 && outcome.walked > 0)
    }

    @Test("names change nothing: with and without symmetry the same is found, in fewer states")
    func symmetry() {
        let all = QBFTExploration(byzantine: 1, rounds: 1, reducesSymmetry: false)
            .run(continuations: 0, lives: 0, walks: 0)
        let some = QBFTExploration(byzantine: 1, rounds: 1).run(continuations: 0, lives: 0, walks: 0)
        #expect(all.violations.isEmpty && some.violations.isEmpty)
        // Exchanged values and two exchanged nodes: up to four states are one.
        #expect(some.states < all.states && all.states <= 4 * some.states)
    }

    @Test("a limit is told")
    func limit() {
        let outcome = QBFTExploration(byzantine: 1, rounds: 1).run(statesMax: 50, continuations: 0, lives: 0, walks: 0)
        #expect(!outcome.isComplete && outcome.states == 50)
    }

    @Test("votes have numbers of their own, and names can be exchanged twice")
    func votes() {
        #expect(Set(Vote.all.map(\.set)).count == 4 * Vote.count && Vote.all.count == 4 * Vote.count)
        for vote in Vote.all {
            #expect(Vote(vote.message) == vote)
            #expect(vote.set.swappingValues.swappingValues == vote.set)
            #expect(vote.set.swapping(0, 3).swapping(0, 3) == vote.set)
        }
        let both = Vote(.prepare, round: 1, source: 2, .a).set.union(Vote(.prepare, round: 1, source: 2, .b).set)
        #expect(both.hasContradiction && both.swappingValues == both)
        let later = Vote(.prepare, round: 1, source: 2, .a).set.union(Vote(.prepare, round: 2, source: 2, .b).set)
        #expect(!later.hasContradiction)
    }

    @Test("a walk that leaves what was explored is told")
    func unexplored() {
        let walk = ClusterWalk(QBFTExploration(byzantine: 1, rounds: 1)) { _ in false }.run(walks: 20, seed: 1)
        #expect(walk.violation?.contains("not explored") == true)
    }

    @Test("the Byzantine node's lies are refused, and what is left to the walks is not", arguments: 0..<4)
    func lies(byzantine: Int) {
        let world = World(byzantine: byzantine, rounds: 2)
        let configuration = world.configuration(of: world.honest[0])
        let lies = world.lies.flatMap(\.messages)
        #expect(lies.count > 20 && Set(lies.map(\.kind)) == [.prePrepare, .decided])
        for lie in lies { #expect(throws: Refusal.self) { try configuration.admitted(lie) } }
        let claims = world.claimsOfThisRound.flatMap(\.messages)
        #expect(Set(claims.map(\.kind)) == [.prePrepare, .roundChange])
        for claim in claims { #expect(throws: Never.self) { try configuration.admitted(claim) } }
    }

    /// `Standing` leaves out whether this rule has fired.
    @Test("from ROUND_CHANGEs that justify nothing, nothing follows")
    func unjustRoundChanges() {
        func want(_ source: Int, _ value: Choice) -> Message {
            Vote(.roundChange, round: 2, source: source, value).message
        }
        let proof = [0, 2, 3].map { Vote(.prepare, round: 1, source: $0, .a).message }
        var proposal = Vote(.prePrepare, round: 2, source: 2, .a).message
        proposal.justification = [want(0, .b), want(2, .a), want(3, .b)] + proof
        var instance = Instance(configuration: World(byzantine: 2, rounds: 2).configuration(of: 1))
        _ = instance.receive(.start)
        _ = instance.receive(.message(want(2, .none)))
        #expect(!instance.receive(.message(proposal)).isEmpty)
        // Two claim what nobody can have prepared, and the third says two things.
        #expect(instance.receive(.message(want(2, .none))).isEmpty)
        let fired = Mirror(reflecting: instance).children.first { $0.label == "fired" }.map { "\($0.value)" } ?? ""
        let hasFired = fired.contains("unjustQuorumRoundChanges")
        #expect(hasFired, "that is what happened")
    }

    @Test("what is only kept is told from what counts")
    func differences() {
        let before = LocalState(World(byzantine: 3, rounds: 2).configuration(of: 0))
        func after(_ vote: Vote) -> LocalState {
            var state = before
            _ = state.perform(.message(vote.message))
            return state
        }
        #expect(before.differsInBufferOnly(from: before))
        #expect(after(Vote(.commit, round: 1, source: 2, .b)).differsInBufferOnly(from: before))
        #expect(!after(Vote(.prePrepare, round: 1, source: 1, .a)).differsInBufferOnly(from: before))
        var timedOut = before
        _ = timedOut.perform(.timerFired(round: 1))
        #expect(!timedOut.differsInBufferOnly(from: before))
    }

    @Test("the table forgets no state and counts none twice")
    func table() {
        var table = StateTable()
        let isNew = (0..<200_000 as Range<UInt64>).allSatisfy { table.insert($0 &* 0x1_0000_0001, from: $0) }
        #expect(isNew)
        #expect(table.count == 200_000 && !table.insert(7 &* 0x1_0000_0001, from: 3))
        #expect(table.parent(of: 9 &* 0x1_0000_0001) == 9)
    }
}
