import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// Source: workflow.md §16.5.
@Suite("Inclusion checker")
struct InclusionCheckerTests {
    private let pubKey = Fixture.pubKey(0)
    private let root = Fixture.root(1)
    private func attester(_ slot: UInt64) -> Duty { .attester(slot: Slot(slot)) }
    private func proposer(_ slot: UInt64) -> Duty { Duty(slot: Slot(slot), type: .proposer) }

    private func vote(_ positions: [Int] = [2], committee: UInt64 = 1) -> Submission {
        .votes(root, CommitteeIndex(committee), members: Bitlist(count: 4, setting: positions))
    }

    private func block(_ positions: [Int], committee: UInt64 = 1, root: Root? = nil) throws -> BlockAnswer {
        var attestation = AttestationPhase0()
        attestation.data = Fixture.data(slot: 0, index: committee)
        attestation.aggregationBits = Bitlist(count: 4, setting: positions)
        let votes = try #require(BlockVotes(.phase0(attestation), committees: [:]))
        return .block(root: root ?? Fixture.root(9), votes: [votes])
    }

    /// The data of `block`, so that its root is known.
    private func submission(_ positions: [Int] = [2], committee: UInt64 = 1) -> Submission {
        .votes(
            Fixture.data(slot: 0, index: committee).hashTreeRoot(), CommitteeIndex(committee),
            members: Bitlist(count: 4, setting: positions))
    }

    private func checker() -> InclusionChecker { InclusionChecker(clock: Fixture.clock()) }

    @Test("from the first slot of a chain on, each block is looked at when it is six slots old")
    func freshChain() throws {
        var checker = checker()
        #expect(checker.wake(at: .at(-100)).wanted.isEmpty)
        checker.submitted(proposer(0), [pubKey: .block(root)])
        for slot in 0..<6 as Range<UInt64> { #expect(checker.wake(at: .slot(slot)).wanted.isEmpty) }
        #expect(checker.wake(at: .slot(6)).wanted == [Slot(0)])
        #expect(checker.wake(at: .slot(6, plus: 1)).wanted.isEmpty, "asked once")
        #expect(
            checker.answered(Slot(0), .block(root: root, votes: [])) == [proposer(0): [pubKey: .included(delay: 0)]])
        #expect(checker.wake(at: .slot(7)).wanted.isEmpty, "nothing is looked for any more")
    }

    @Test("a block that is missing, or another one, is a missed proposal")
    func proposals() {
        for answer in [BlockAnswer.missing, .block(root: Fixture.root(2), votes: [])] {
            var checker = checker()
            checker.submitted(proposer(40), [pubKey: .block(root)])
            #expect(checker.wake(at: .slot(46)).wanted == [Slot(40)])
            guard case .missed? = checker.answered(Slot(40), answer)[proposer(40)]?[pubKey] else {
                Issue.record("\(answer) is no miss")
                continue
            }
        }
    }

    @Test("a vote is included by the first block that has its bit", arguments: [1, 5, 32] as [UInt64])
    func votes(delay: UInt64) throws {
        var checker = checker()
        checker.submitted(attester(40), [pubKey: submission()])
        for slot in 1...delay {
            let now = 40 + slot + 6
            #expect(checker.wake(at: .slot(now)).wanted == [Slot(40 + slot)])
            let answer: BlockAnswer = slot % 2 == 0 ? .missing : try block([0, 1, 3])
            let outcome = checker.answered(Slot(40 + slot), slot == delay ? try block([1, 2]) : answer)
            #expect(outcome == (slot == delay ? [attester(40): [pubKey: .included(delay: delay)]] : [:]))
        }
    }

    @Test("a vote in none of 32 blocks is missed; if one of them was not seen, nobody knows", arguments: [false, true])
    func missed(isBlind: Bool) throws {
        var checker = checker()
        checker.submitted(attester(40), [pubKey: submission()])
        var outcome: InclusionOutcome?
        for now in 47...90 as ClosedRange<UInt64> {
            for slot in checker.wake(at: .slot(now)).wanted {
                let answer: BlockAnswer = isBlind && slot == Slot(50) ? .unknown("503") : try block([0])
                outcome = outcome ?? checker.answered(slot, answer)[attester(40)]?[pubKey]
            }
        }
        if isBlind {
            #expect(outcome == .undetermined)
        } else if case .missed? = outcome {
        } else {
            Issue.record("\(String(describing: outcome))")
        }
    }

    @Test("other committees, other data and committees of another size do not count; an aggregate needs all its bits")
    func others() throws {
        func isFound(_ submission: Submission, _ answer: BlockAnswer) -> Bool {
            var checker = checker()
            checker.submitted(attester(40), [pubKey: submission])
            _ = checker.wake(at: .slot(47))
            return !checker.answered(Slot(41), answer).isEmpty
        }
        #expect(isFound(submission(), try block([2])))
        #expect(!isFound(submission(committee: 2), try block([2])))
        #expect(!isFound(vote(), try block([2])))
        #expect(isFound(submission([0, 2]), try block([0, 1, 2])))
        #expect(!isFound(submission([0, 2]), try block([2, 3])))
    }

    @Test("what is broadcast late is looked for in blocks that were looked at before")
    func late() throws {
        var checker = checker()
        checker.submitted(attester(39), [Fixture.pubKey(1): vote()])
        for now in 46...48 as ClosedRange<UInt64> {
            for slot in checker.wake(at: .slot(now)).wanted { _ = checker.answered(slot, .missing) }
        }
        checker.submitted(attester(40), [pubKey: submission()])
        #expect(checker.wake(at: .slot(49)).wanted.contains(Slot(41)))
        #expect(checker.answered(Slot(41), try block([2])) == [attester(40): [pubKey: .included(delay: 1)]])
    }

    @Test("a beacon node that does not answer is asked three times, not twice in one slot")
    func silent() {
        var checker = checker()
        checker.submitted(proposer(40), [pubKey: .block(root)])
        for now in 46...48 as ClosedRange<UInt64> {
            #expect(checker.wake(at: .slot(now)).wanted == [Slot(40)])
            let outcome = checker.answered(Slot(40), .unknown("503"))
            #expect(outcome == (now == 48 ? [proposer(40): [pubKey: .undetermined]] : [:]))
            #expect(checker.wake(at: .slot(now, plus: 6)).wanted.isEmpty)
        }
    }

    @Test("few questions are out at a time; what nobody asked counts nothing; the old is given up")
    func bounds() throws {
        var checker = checker()
        checker.submitted(attester(40), [pubKey: submission()])
        #expect(checker.answered(Slot(41), try block([2])).isEmpty)
        let wanted = checker.wake(at: .slot(60)).wanted
        #expect(wanted == [41, 42, 43, 44].map { Slot($0) })
        #expect(checker.wake(at: .slot(60)).wanted.isEmpty)
        #expect(checker.wake(at: .slot(86)).given.isEmpty)
        #expect(checker.wake(at: .slot(87)).given == [attester(40): [pubKey: .undetermined]])
    }

    @Test("an Electra attestation is cut into its committees; bits that do not fit are refused")
    func electra() throws {
        var attestation = AttestationElectra()
        attestation.data = Fixture.data(slot: 40)
        attestation.committeeBits = Bitvector(count: 64, setting: [1, 3])
        attestation.aggregationBits = Bitlist(count: 5, setting: [1, 2, 4])
        let sizes = [CommitteeIndex(1): 2, CommitteeIndex(2): 7, CommitteeIndex(3): 3]
        let votes = try #require(BlockVotes(.electra(attestation), committees: sizes))
        #expect(votes.data == attestation.data.hashTreeRoot())
        #expect(
            votes.members == [
                CommitteeIndex(1): Bitlist(count: 2, setting: [1]),
                CommitteeIndex(3): Bitlist(count: 3, setting: [0, 2]),
            ])
        for wrong in [
            [CommitteeIndex(1): 2], [CommitteeIndex(1): 2, 3: 4], [CommitteeIndex(1): 2, 3: 2], [1: -1, 3: 6],
        ] {
            #expect(BlockVotes(.electra(attestation), committees: wrong) == nil)
        }
    }

    @Test("an attestation is known by its data and the validator's place in its committee")
    func submissions() throws {
        let data = Fixture.data(slot: 40)
        let partial = try Fixture.partial(1, share: 1, data: data)
        let row = Fixture.row(1, slot: 40)
        #expect(
            Submission(partial.data, .attester(row))
                == .votes(data.hashTreeRoot(), CommitteeIndex(1), members: Bitlist(count: 64, setting: [1])))
        var wrong = row
        wrong.validatorCommitteeIndex = 64
        #expect(Submission(partial.data, .attester(wrong)) == nil && Submission(partial.data, nil) == nil)
        wrong.committeeLength = .max
        #expect(Submission(partial.data, .attester(wrong)) == nil)
    }
}
