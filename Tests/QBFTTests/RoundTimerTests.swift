import Testing

@testable import QBFT

@Suite struct RoundTimerTests {
    struct Row: Sendable {
        let style: RoundTimer.Style
        let proposal: RoundTimer.ProposalTimeout
        /// Milliseconds after the start of the duty: first deadline of rounds 1, 2, 3, 10.
        let first: [Int]
        /// The same for a second start in the round.
        let again: [Int]
    }

    static let rounds: [Int64] = [1, 2, 3, 10]

    @Test(
        "deadlines count from the start of the duty; a second start doubles",
        arguments: [
            Row(
                style: .eagerDoubleLinear, proposal: .none,
                first: [1000, 2000, 3000, 10000], again: [2000, 4000, 6000, 20000]),
            Row(
                style: .eagerDoubleLinear, proposal: .firstRound,
                first: [1500, 2000, 3000, 10000], again: [3000, 4000, 6000, 20000]),
            Row(
                style: .eagerDoubleLinear, proposal: .everyRound,
                first: [1500, 2500, 3500, 10500], again: [3000, 5000, 7000, 21000]),
        ])
    func eager(row: Row) {
        for (i, round) in Self.rounds.enumerated() {
            var timer = RoundTimer(row.style, proposalTimeout: row.proposal)
            // Whatever the time is: also a deadline long past stays where it was.
            #expect(timer.deadline(round: round, elapsed: .seconds(7)) == .milliseconds(row.first[i]))
            #expect(timer.deadline(round: round, elapsed: .seconds(8)) == .milliseconds(row.again[i]))
            #expect(timer.deadline(round: round, elapsed: .seconds(9)) == .milliseconds(row.again[i]), "doubled once")
        }
    }

    @Test("a new round is not doubled by an earlier one")
    func newRound() {
        var timer = RoundTimer()
        #expect(timer.deadline(round: 1, elapsed: .zero) == .seconds(1))
        #expect(timer.deadline(round: 1, elapsed: .zero) == .seconds(2))
        #expect(timer.deadline(round: 2, elapsed: .zero) == .seconds(2))
        #expect(timer.deadline(round: 5, elapsed: .zero) == .seconds(5))
    }

    @Test(
        "other styles count from now",
        arguments: [
            Row(style: .increasing, proposal: .none, first: [1000, 1250, 1500, 3250], again: []),
            Row(style: .increasing, proposal: .firstRound, first: [1500, 1250, 1500, 3250], again: []),
            Row(style: .increasing, proposal: .everyRound, first: [1500, 1250, 1500, 3250], again: []),
            Row(style: .linear, proposal: .none, first: [1000, 400, 600, 2000], again: []),
            Row(style: .linear, proposal: .everyRound, first: [1500, 400, 600, 2000], again: []),
        ])
    func relative(row: Row) {
        for (i, round) in Self.rounds.enumerated() {
            var timer = RoundTimer(row.style, proposalTimeout: row.proposal)
            for elapsed in [-300, 0, 4200] {
                #expect(
                    timer.deadline(round: round, elapsed: .milliseconds(elapsed))
                        == .milliseconds(elapsed + row.first[i]))
            }
        }
    }

    @Test(
        "the next round is the first that is not over",
        arguments: [
            (1, 0.2, 2), (1, 1.0, 2), (1, 1.999, 2), (1, 2.0, 3), (1, 90.5, 91), (7, 2.0, 8), (2, -5.0, 3),
        ] as [(Int64, Double, Int64)])
    func next(round: Int64, seconds: Double, next: Int64) {
        for (proposal, shift) in [(RoundTimer.ProposalTimeout.none, 0.0), (.firstRound, 0), (.everyRound, 0.5)] {
            var timer = RoundTimer(proposalTimeout: proposal)
            let elapsed = Duration.seconds(seconds + shift)
            #expect(timer.next(after: round, elapsed: elapsed) == next)
            #expect(timer.deadline(round: next, elapsed: elapsed) > elapsed)
        }
        #expect(RoundTimer(.increasing).next(after: round, elapsed: .seconds(seconds)) == round + 1)
    }

    @Test("the latest round there is stays far from overflow")
    func latest() {
        var timer = RoundTimer(proposalTimeout: .everyRound)
        _ = timer.deadline(round: Instance.roundMax, elapsed: .zero)
        let deadline = timer.deadline(round: Instance.roundMax, elapsed: .zero)
        // In nanoseconds, added to a Unix time, it fits 64 bits.
        #expect(deadline < .seconds(Int64.max / 1_000_000_000 - 2_000_000_000))
    }
}
