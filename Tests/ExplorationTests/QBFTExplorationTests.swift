import Testing

@testable import Exploration

/// Small parts of what Scripts/explore runs in full.
@Suite("QBFT, every order")
struct QBFTExplorationTests {
    @Test("one round with a Byzantine leader: one decision, no vote taken back, and three can always decide")
    func firstRound() {
        let outcome = QBFTExploration(byzantine: 1, rounds: 1).run(continuations: 40, lives: 20)
        #expect(outcome.violations.isEmpty && outcome.isComplete)
        #expect(outcome.isSymmetric && outcome.decidedByAll > 0 && outcome.decidedBySome < outcome.states)
        #expect(outcome.continued > 0 && outcome.compared > 0)
    }

    @Test("names change nothing: with and without symmetry the same is found, in fewer states")
    func symmetry() {
        let all = QBFTExploration(byzantine: 1, rounds: 1, reducesSymmetry: false).run(continuations: 0, lives: 0)
        let some = QBFTExploration(byzantine: 1, rounds: 1).run(continuations: 0, lives: 0)
        #expect(all.violations.isEmpty && some.violations.isEmpty)
        // Exchanged values and two exchanged nodes: up to four states are one.
        #expect(some.states < all.states && all.states <= 4 * some.states)
    }

    @Test("a limit is told")
    func limit() {
        let outcome = QBFTExploration(byzantine: 1, rounds: 1).run(statesMax: 50, continuations: 0, lives: 0)
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

    @Test("the table forgets no state and counts none twice")
    func table() {
        var table = StateTable()
        let isNew = (0..<200_000 as Range<UInt64>).allSatisfy { table.insert($0 &* 0x1_0000_0001, from: $0) }
        #expect(isNew)
        #expect(table.count == 200_000 && !table.insert(7 &* 0x1_0000_0001, from: 3))
        #expect(table.parent(of: 9 &* 0x1_0000_0001) == 9)
    }
}
