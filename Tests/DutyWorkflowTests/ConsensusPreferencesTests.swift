import Ethereum
import QBFT
import Testing

@testable import DutyWorkflow

@Suite("how consensus is held")
struct ConsensusPreferencesTests {
    private static func preferences(_ change: (inout ConsensusPreferences) -> Void) -> ConsensusPreferences {
        var preferences = ConsensusPreferences()
        change(&preferences)
        return preferences
    }

    @Test("the timer of each duty, and when its first rounds end, in milliseconds")
    func timers() {
        for (preferences, type, style, ends) in [
            (ConsensusPreferences(), DutyType.attester, QBFT.RoundTimer.Style.eagerDoubleLinear, [1000, 2000]),
            (ConsensusPreferences(), .proposer, .eagerDoubleLinear, [1500, 2000]),
            (Self.preferences { $0.hasProposalTimeout = false }, .proposer, .eagerDoubleLinear, [1000, 2000]),
            (Self.preferences { $0.isEager = false }, .attester, .increasing, [1000, 1250]),
            (Self.preferences { $0.isEager = false }, .proposer, .increasing, [1500, 1250]),
            (Self.preferences { $0.isLinearForProposals = true }, .attester, .eagerDoubleLinear, [1000, 2000]),
            (Self.preferences { $0.isLinearForProposals = true }, .proposer, .linear, [1500, 400]),
        ] as [(ConsensusPreferences, DutyType, QBFT.RoundTimer.Style, [Int])] {
            #expect(preferences.timerStyle(type) == style)
            var timer = preferences.timer(type)
            for (index, end) in ends.enumerated() {
                let deadline = timer.deadline(round: Int64(index + 1), elapsed: .zero)
                #expect(deadline == .milliseconds(end), "\(type) \(style) round \(index + 1)")
            }
        }
    }

    /// Of f + 1 nodes, before our own data.
    private func joins(_ preferences: ConsensusPreferences) throws -> (participates: Bool, follows: Bool) {
        let duty = Duty.attester(slot: Slot(42))
        let begin = Instant.slot(42, plus: 4)
        var configuration = try Fixture.configuration()
        configuration.consensus = preferences
        var alone = Consensus(configuration: configuration, seal: { $1 })
        _ = alone.participate(duty, at: begin)
        let participates = alone.nextWake != nil
        var followed = Consensus(configuration: configuration, seal: { $1 })
        let set = Fixture.unsigned([0], slot: 42, Fixture.data(slot: 42))
        for source in 1...2 {
            let message = QBFT.Message(
                .prepare, round: 1, source: source, value: set.valueHash(), signature: [UInt8(source)])
            _ = followed.receive(
                ConsensusMessage(duty: duty, message: message, values: [set.valueHash(): .duties(set)]), at: begin)
        }
        return (participates, followed.nextWake != nil)
    }

    @Test("an instance is joined before our own data are there, unless the operator does not want it")
    func joining() throws {
        let usual = try joins(ConsensusPreferences())
        #expect(usual.participates && usual.follows)
        let unusual = try joins(Self.preferences { $0.joinsEarly = false })
        #expect(!unusual.participates && !unusual.follows, "and nothing wakes for it")
    }
}
