import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// Epoch 5 begins with slot 160.
@Suite("Outbox, while a switch is planned")
struct SwitchOutboxTests {
    private let before = Duty.attester(slot: Slot(159))
    private let after = Duty.attester(slot: Slot(160))
    private let exit = Duty(slot: Slot(0), type: .exit)

    private func record(_ stage: SwitchStage) throws -> SwitchRecord {
        let peers = (0..<4).map { "peer-\($0)" }
        func side(_ lock: UInt8) -> SwitchPlan.Side {
            SwitchPlan.Side(lock: Fixture.root(lock), peerIDs: peers, threshold: 3)
        }
        return SwitchRecord(try SwitchPlan(old: side(1), new: side(2), epoch: 5, slotsPerEpoch: 32), stage)
    }

    /// Everything that commits a node in a duty.
    private func commitments(_ duty: Duty) -> [Effect] {
        let message = QBFT.Message(.prepare, round: 1, source: 0, value: Fixture.root(1), signature: [1])
        let consensus = ConsensusMessage(duty: duty, message: message, values: [:])
        let value = UnsignedData.attester(
            Fixture.data(slot: duty.slot.rawValue), Fixture.row(0, slot: duty.slot.rawValue))
        return [
            .sendConsensus(consensus), .sendConsensusTo(PeerIndex(1), consensus), .sign(duty, [:]),
            .shareWithPeers(duty, [:]), .shareWithPeer(PeerIndex(1), duty, [:]), .broadcast(duty, [:]),
            .answer(Ticket(1), .decided(duty, value)), .answer(Ticket(2), .submitted([LocalVerdict(duty)])),
        ]
    }

    private func records(_ duty: Duty) -> [Record] {
        let message = QBFT.Message(.prepare, round: 1, source: 0, value: Fixture.root(1), signature: [1])
        return [
            .vote(duty, message, values: [:]), .unsigned(duty, [:]), .partials(duty, [:], .internal),
            .aggregated(duty, [:]),
        ]
    }

    private static let refused = ["answer refused", "answer refused"]

    @Test("of each duty one set's effects and records pass, and who asks is answered", arguments: SwitchStage.allCases)
    func passes(stage: SwitchStage) throws {
        for duty in [before, after, exit] {
            let mayPass = try record(stage).refusal(of: duty) == nil
            var outbox = Outbox(try record(stage))
            let all = commitments(duty)
            #expect(outbox.add(all).map(\.name) == (mayPass ? all.map(\.name) : Self.refused), "\(stage) \(duty)")
            _ = outbox.add(records(duty).flatMap { [.persist($0), .note($0)] })
            #expect(outbox.nextCommit(all: true)?.records.count ?? 0 == (mayPass ? 8 : 0), "\(stage) \(duty)")
        }
        var outbox = Outbox(try record(.open))
        let harmless: [Effect] = [
            .fetch(after, .headRoot), .note(.expired(after)), .report(.started(after, validators: 1)),
        ]
        #expect(outbox.add(harmless).map(\.name) == ["fetch \(after)", "report"])
    }

    @Test("what forbids holds at once; what allows, once it is durable")
    func order() throws {
        var outbox = Outbox()
        #expect(outbox.add([.sign(after, [:])]).count == 1)
        #expect(outbox.add([.persist(.plannedSwitch(try record(.noted))), .sign(after, [:])]).isEmpty)
        let noted = try #require(outbox.nextCommit()?.id)
        _ = outbox.durable(noted)
        #expect(outbox.add([.persist(.plannedSwitch(try record(.calledOff))), .sign(after, [:])]).isEmpty)
        let off = try #require(outbox.nextCommit()?.id)
        #expect(outbox.add([.sign(after, [:])]).isEmpty)
        _ = outbox.durable(off)
        #expect(outbox.add([.sign(after, [:])]).count == 1)
    }

    @Test("a plan that is taken back forbids until that is durable, and one made after it holds")
    func dropped() throws {
        let plan = try record(.noted).plan
        var outbox = Outbox(try record(.noted))
        #expect(outbox.add([.persist(.switchDropped(plan)), .sign(after, [:])]).isEmpty)
        let dropped = try #require(outbox.nextCommit()?.id)
        _ = outbox.durable(dropped)
        #expect(outbox.add([.sign(after, [:])]).count == 1)
        _ = outbox.add([.persist(.plannedSwitch(try record(.noted))), .persist(.switchDropped(plan))])
        _ = outbox.add([.persist(.plannedSwitch(try record(.noted)))])
        let again = try #require(outbox.nextCommit()?.id)
        _ = outbox.durable(again)
        #expect(outbox.add([.sign(after, [:])]).isEmpty)
    }

    @Test("our word on a switch waits for the record of it, and entering for everything")
    func word() throws {
        let own = PriorityMessage(duty: try record(.noted).plan.decidingDuty, topics: [], peerID: "peer-0")
        let words: [Effect] = [.exchangePriorities(own), .answer(Ticket(1), .priorities(own))]
        var outbox = Outbox(try record(.noted))
        #expect(outbox.add(words).count == 2)
        #expect(outbox.add([.persist(.plannedSwitch(try record(.announced)))] + words).isEmpty)
        #expect(outbox.add([.enterNewSet(try record(.noted).plan)]).isEmpty)
        let commit = try #require(outbox.nextCommit()?.id)
        #expect(outbox.durable(commit).map(\.name) == ["exchange", "answer priorities", "enter"])
    }
}
