import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// What one hostile operator of four, and anybody who repeats what others signed, can do to this node, which is 0.
@Suite("consensus under attack")
struct ConsensusAttackTests {
    /// Led by node 1.
    private let duty = Duty.attester(slot: Slot(42))
    private var start: Instant { .slot(42, plus: 4) }
    private let set = Fixture.unsigned([0, 1], slot: 42, Fixture.data(slot: 42))

    /// A thousand validators in one slot: 344 kB on the wire.
    private static let huge: UnsignedDataSet = {
        let entry = UnsignedData.attester(Fixture.data(slot: 42), Fixture.row(0, slot: 42))
        let keys = (0..<1000).map { PubKey(padding: [0xa0, UInt8($0 & 0xff), UInt8($0 >> 8)]) }
        return Dictionary(uniqueKeysWithValues: keys.map { ($0, entry) })
    }()

    private func consensus() throws -> Consensus {
        Consensus(configuration: try Fixture.configuration()) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
    }

    /// Hashes are taken on trust here: the codec computed them.
    private func hash(_ number: Int) -> Root {
        Root(padding: [1, UInt8(number & 0xff), UInt8(number >> 8 & 0xff), UInt8(number >> 16)])
    }

    private func vote(
        _ kind: QBFT.Message.Kind, from source: Int, round: Int64 = 1, value: Root? = nil,
        justification: [QBFT.Message] = []
    ) -> QBFT.Message {
        QBFT.Message(
            kind, round: round, source: source, value: value ?? (kind == .roundChange ? .zero : hash(0)),
            signature: [UInt8](repeating: 7, count: 65), justification: justification)
    }

    /// With a value for everything it names.
    private func message(_ vote: QBFT.Message, _ duty: Duty? = nil, _ set: UnsignedDataSet? = nil) -> ConsensusMessage {
        var values: [Root: ConsensusValue] = [:]
        for named in [vote] + vote.justification where named.value != .zero {
            values[named.value] = .duties(set ?? self.set)
        }
        return ConsensusMessage(duty: duty ?? self.duty, message: vote, values: values)
    }

    // MARK: Memory

    /// Slots whose attester duties are open at the start of slot 42, and two ahead.
    private static let openSlots = (42 - 31)...UInt64(44)

    @Test("one operator cannot make us hold more than its budget, whatever it signs", arguments: [false, true])
    func budget(isRunning: Bool) throws {
        var consensus = try consensus()
        for slot in Self.openSlots where isRunning {
            _ = consensus.participate(.attester(slot: Slot(slot)), at: start)
        }
        var number = 0
        for slot in Self.openSlots {
            for round in Int64(1)...12 {
                for kind in [QBFT.Message.Kind.prepare, .commit] {
                    number += 1
                    let vote = vote(kind, from: 3, round: round, value: hash(number))
                    _ = consensus.receive(message(vote, .attester(slot: Slot(slot)), Self.huge), at: start)
                }
            }
        }
        let held = consensus.heldBytes
        #expect(held > 4 << 20 && held < 9 << 20, "\(held)")

        // Nobody else's budget was touched: the leader's proposal of the same size fits.
        let proposal = message(vote(.prePrepare, from: 1, value: hash(99_999)), nil, Self.huge)
        _ = consensus.participate(duty, at: start)
        let signals = consensus.receive(proposal, at: start)
        #expect(signals.effects.sent.map(\.message.kind) == [.prepare])

        for slot in Self.openSlots { _ = consensus.expire(.attester(slot: Slot(slot))) }
        #expect(consensus.heldBytes == 0)
    }

    @Test("what is decided is charged to nobody, and frees the rest")
    func decisionFrees() throws {
        var consensus = try consensus()
        for slot in UInt64(20)..<42 {
            let duty = Duty.attester(slot: Slot(slot))
            _ = consensus.participate(duty, at: start)
            for number in 1...3 {
                let vote = vote(.prepare, from: 3, round: Int64(number), value: hash(number))
                #expect(consensus.receive(message(vote, duty, Self.huge), at: start).tracked.isEmpty, "slot \(slot)")
            }
            for source in 1...3 { _ = consensus.receive(message(vote(.commit, from: source), duty), at: start) }
        }
        #expect(consensus.heldBytes < 1 << 20)
    }

    @Test("before the duty begins a vote waits once, however often it comes", arguments: [1, 500])
    func repeats(times: Int) throws {
        var consensus = try consensus()
        let now = Instant.slot(42)
        _ = consensus.receive(message(vote(.prepare, from: 3), nil, Self.huge), at: now)
        let held = consensus.heldBytes
        for number in 0..<times {
            // Anybody can attach others' votes, and send an operator's second, contradicting vote.
            let junk = vote(.commit, from: 2, value: hash(number))
            let variants = [
                vote(.prepare, from: 3, justification: [junk]), vote(.prepare, from: 3, value: hash(number)),
            ]
            for variant in variants { _ = consensus.receive(message(variant, nil, Self.huge), at: now) }
        }
        #expect(consensus.heldBytes == held)
    }

    @Test("of an operator the messages of the latest rounds wait, in whatever order they come")
    func latestRounds() throws {
        for order in [Array(Int64(1)...60), Array(Int64(1)...60).reversed()] {
            var consensus = try consensus()
            for round in order {
                for _ in 0..<3 {
                    let change = message(vote(.roundChange, from: 3, round: round))
                    #expect(consensus.receive(change, at: .slot(42)).isEmpty)
                }
            }
            #expect(consensus.heldBytes < 32 * 512)
            // f+1 sources start the duty, and its oldest message is of round 29.
            let signals = consensus.receive(message(vote(.roundChange, from: 2, round: 29)), at: start)
            #expect(signals.effects.sent.map(\.message.round) == [29])
        }
    }

    @Test("messages of later slots than the next two do not wait", arguments: [(44, true), (45, false), (90, false)])
    func slotsAhead(slot: UInt64, waits: Bool) throws {
        var consensus = try consensus()
        let early = message(vote(.prepare, from: 3), .attester(slot: Slot(slot)))
        _ = consensus.receive(early, at: start)
        #expect((consensus.heldBytes > 0) == waits)
    }

    // MARK: In another's name

    @Test("votes of others, attached to an authentic one, use up nobody's budget", arguments: [false, true])
    func relayedJunk(isRunning: Bool) throws {
        var consensus = try consensus()
        if isRunning { _ = consensus.participate(duty, at: start) }
        let now = isRunning ? start : .slot(42)
        for number in 0..<40 {
            let junk = (0..<8).map { vote(.prepare, from: 3, round: Int64($0 + 1), value: hash(100 + 8 * number + $0)) }
            for kind in [QBFT.Message.Kind.prePrepare, .prepare, .commit] {
                let relayed = vote(kind, from: 1, round: kind == .prePrepare ? 5 : 1, justification: junk)
                _ = consensus.receive(message(relayed), at: now)
            }
        }
        // Node 1 leads rounds 1 and 5. What it signed counts, and nothing else is held.
        #expect(consensus.heldBytes < 4096)
        let proposal = consensus.receive(message(vote(.prePrepare, from: 1)), at: now)
        guard !isRunning else { return #expect(proposal.effects.sent.map(\.message.kind) == [.prepare]) }
        let signals = consensus.receive(message(vote(.roundChange, from: 2, round: 2)), at: start)
        #expect(signals.effects.sent.map(\.message.kind) == [.prepare])
    }

    @Test("a refused message brings no value")
    func refusedBringsNothing() throws {
        var consensus = try consensus()
        _ = consensus.participate(duty, at: start)
        let held = consensus.heldBytes
        let refused = [
            vote(.prePrepare, from: 3), vote(.prePrepare, from: 1, round: 5), vote(.decided, from: 3),
            vote(.roundChange, from: 3, value: hash(1)),
        ]
        for vote in refused { #expect(consensus.receive(message(vote), at: start).tracked.count == 1) }
        #expect(consensus.heldBytes == held)
    }

    // MARK: Our key elsewhere

    private func twins(_ signals: [Signal]) -> Int {
        signals.count { if case .twinSeen = $0 { true } else { false } }
    }

    @Test(
        "a vote under our key that we did not make stops our voting for good", arguments: [false, true], [false, true])
    func twin(isRunning: Bool, isAttached: Bool) throws {
        var consensus = try consensus()
        if isRunning { _ = consensus.participate(duty, at: start) }
        let foreign = vote(.prepare, from: 0)
        let carrier = isAttached ? vote(.commit, from: 2, justification: [foreign]) : foreign
        #expect(twins(consensus.receive(message(carrier), at: start)) == 1)
        #expect(consensus.isHalted && consensus.nextWake == nil)
        for source in 1...3 {
            #expect(consensus.receive(message(vote(.prePrepare, from: source)), at: start).isEmpty)
        }
        let next = Duty.attester(slot: Slot(43))
        #expect(consensus.participate(next, at: .slot(43, plus: 4)).isEmpty)
        #expect(consensus.propose(next, .duties(set), at: .slot(43, plus: 4)).isEmpty)
        #expect(consensus.wake(at: .slot(43, plus: 9)).isEmpty)
    }

    @Test("our own votes come back without harm, also after a restart and after the decision")
    func ownVotes() throws {
        var consensus = try consensus()
        _ = consensus.participate(duty, at: start)
        var own = consensus.receive(message(vote(.prePrepare, from: 1)), at: start).effects
        for source in 1...2 { own += consensus.receive(message(vote(.prepare, from: source)), at: start).effects }
        #expect(own.sent.map(\.message.kind) == [.prepare, .commit])
        let carrier = vote(.commit, from: 3, justification: own.sent.map(\.message))
        let echoes = own.sent + [message(carrier)]
        for echo in echoes { #expect(twins(consensus.receive(echo, at: start)) == 0) }

        var restarted = try self.consensus()
        var votes: [QBFT.Message] = []
        var values: [Root: ConsensusValue] = [:]
        for case .vote(_, let vote, let fresh) in own.records {
            votes.append(vote)
            values.merge(fresh) { first, _ in first }
        }
        _ = restarted.restore(duty, votes: votes, values: values, at: start)
        for echo in echoes { #expect(twins(restarted.receive(echo, at: start)) == 0) }

        _ = consensus.receive(message(vote(.commit, from: 1)), at: start)
        for echo in echoes { #expect(twins(consensus.receive(echo, at: start)) == 0) }
        var closed = try self.consensus()
        closed.restoreDecided(duty)
        for echo in echoes { #expect(twins(closed.receive(echo, at: start)) == 0) }
    }

    @Test("a DECIDED under our key is proof enough by itself")
    func ownDecided() throws {
        var consensus = try consensus()
        _ = consensus.participate(duty, at: start)
        let commits = (1...3).map { vote(.commit, from: $0) }
        let signals = consensus.receive(message(vote(.decided, from: 0, justification: commits)), at: start)
        #expect(twins(signals) == 0)
        #expect(signals.contains { if case .decided = $0 { true } else { false } })
    }
}
