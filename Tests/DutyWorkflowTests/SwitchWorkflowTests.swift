import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// Node 0 of four, as a whole: the cluster plans to switch at epoch 5, and decides in slot 127. Slot 160 is the first
/// of epoch 5.
@Suite("a switch, in the workflow")
struct SwitchWorkflowTests {
    private static let peerIDs = (0..<4).map { "peer-\($0)" }
    private let duty = Duty(slot: Slot(127), type: .infoSync)

    private static func plan(epoch: UInt64 = 5) throws -> SwitchPlan {
        func side(_ lock: UInt8) -> SwitchPlan.Side {
            SwitchPlan.Side(lock: Fixture.root(lock), peerIDs: peerIDs, threshold: 3)
        }
        return try SwitchPlan(old: side(1), new: side(2), epoch: Epoch(epoch), slotsPerEpoch: 32)
    }

    private static func sealed(_ message: PriorityMessage) -> PriorityMessage {
        var sealed = message
        sealed.signature = [9]
        return sealed
    }

    /// - Parameter stage: of the journal it starts from.
    private func workflow(_ stage: SwitchStage?, at now: Instant) throws -> Workflow {
        var configuration = try Fixture.configuration(signs: true)
        configuration.infoSync = InfoSyncConfiguration(peerIDs: Self.peerIDs, versions: ["v1.11"], protocols: ["p"])
        var workflow = Workflow(configuration: configuration, sealPriorities: Self.sealed) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
        var snapshot = JournalSnapshot()
        if let stage { try snapshot.apply(.plannedSwitch(SwitchRecord(try Self.plan(), stage))) }
        _ = workflow.restore(snapshot, at: now)
        return workflow
    }

    private func message(_ peer: Int, announces: Bool) throws -> PriorityMessage {
        let topics = announces ? [SwitchStatement.announcement(of: try Self.plan())] : []
        let setup = InfoSyncConfiguration(peerIDs: Self.peerIDs, versions: ["v1.11"], protocols: ["p"])
        return Self.sealed(
            PriorityMessage(duty: duty, topics: setup.topics + topics, peerID: Self.peerIDs[peer]))
    }

    private func vote(_ kind: QBFT.Message.Kind, from source: Int, _ result: PriorityResult) -> Event {
        let value = ConsensusValue.priorities(result)
        let hash = value.valueHash()
        let message = QBFT.Message(kind, round: 1, source: source, value: hash, signature: [UInt8(source)])
        return .consensusMessage(ConsensusMessage(duty: duty, message: message, values: [hash: value]))
    }

    /// Slot 127, type 13, round 1: 141 mod 4 = 1 leads.
    private static let leader = 1

    private func stages(_ effects: [Effect]) -> [SwitchStage] {
        effects.records.compactMap { if case .plannedSwitch(let record) = $0 { record.stage } else { nil } }
    }

    @Test(
        "from the operator's plan to the new key shares: every step on disk before it can be seen",
        arguments: [(4, SwitchStage.confirmed), (2, .calledOff)])
    func story(announcers: Int, end: SwitchStage) throws {
        var workflow = try workflow(nil, at: .slot(100))
        let noted = workflow.receive(.planSwitch(try Self.plan(), Ticket(1)), at: .slot(100))
        #expect(noted.work == ["persist switch noted", "answer recorded"])
        let begun = workflow.receive(.wake, at: .slot(127))
        let work = begun.work.filter { $0.contains("switch") || $0 == "exchange" }
        #expect(work == ["persist switch announced", "exchange"])
        for case .exchangePriorities(let own) in begun {
            #expect(own.topics.map(\.topic.text) == ["version", "protocol", "proposal", "styx/switch"])
        }
        // The first ones are others than us.
        let messages = try [1, 0, 2, 3].enumerated().map { try message($1, announces: $0 < announcers) }
        let result = try PriorityResult(of: messages, threshold: 3)
        _ = workflow.receive(vote(.prePrepare, from: Self.leader, result), at: .slot(127))
        _ = workflow.receive(vote(.prepare, from: 1, result), at: .slot(127))
        let voted = workflow.receive(vote(.prepare, from: 2, result), at: .slot(127)).work
        let locked = "persist switch \(end == .confirmed ? "committed" : "declined")"
        #expect(voted.suffix(3) == ["persist vote commit", locked, "send commit"])
        _ = workflow.receive(vote(.commit, from: 1, result), at: .slot(127))
        #expect(stages(workflow.receive(vote(.commit, from: 2, result), at: .slot(127))) == [end])
        #expect(workflow.switchRecord?.stage == end)
        let atEpoch = workflow.receive(.wake, at: .slot(159, plus: 11)).map(\.name)
        #expect(atEpoch.contains("enter") == (end == .confirmed))
    }

    /// What a node does about the votes of a slot.
    private func attend(_ workflow: inout Workflow, slot: UInt64) -> [Effect] {
        let (duty, now) = (Duty.attester(slot: Slot(slot)), Instant.slot(slot, plus: 4))
        var effects = workflow.receive(.wake, at: .slot(slot - 1, plus: 2))
        let row = DutyDefinition.attester(Fixture.row(0, slot: slot))
        effects += workflow.receive(.dutiesResolved(Epoch(slot / 32), .attester, [row]), at: .slot(slot - 1, plus: 3))
        effects += workflow.receive(.wake, at: now)
        effects += workflow.receive(
            .fetched(duty, .attestationData([.zero: Fixture.data(slot: slot)])), at: now)
        let value = ConsensusValue.duties(Fixture.unsigned([0], slot: slot, Fixture.data(slot: slot)))
        let hash = value.valueHash()
        var decided = QBFT.Message(.decided, round: 1, source: 1, value: hash, signature: [1])
        decided.justification = (1...3).map {
            QBFT.Message(.commit, round: 1, source: $0, value: hash, signature: [1])
        }
        return effects
            + workflow.receive(
                .consensusMessage(ConsensusMessage(duty: duty, message: decided, values: [hash: value])), at: now)
    }

    @Test(
        "a node votes and signs in the duties of its set only",
        arguments: [
            (.noted, 159, true), (.noted, 160, false), (.open, 158, true), (.open, 160, false), (.locked, 170, false),
            (.torn, 160, false),
            (.calledOff, 159, true), (.calledOff, 160, true), (.confirmed, 158, true), (.confirmed, 160, false),
            (.entered, 159, false), (.entered, 160, true), (nil, 160, true),
        ] as [(SwitchStage?, UInt64, Bool)])
    func duties(stage: SwitchStage?, slot: UInt64, signs: Bool) throws {
        var workflow = try workflow(stage, at: .slot(slot - 1))
        let effects = attend(&workflow, slot: slot)
        let committing = effects.filter {
            switch $0 {
            case .fetch, .sign, .sendConsensus, .persist(.vote), .persist(.unsigned): true
            default: false
            }
        }
        #expect(committing.isEmpty == !signs, "\(committing.map(\.name))")
        #expect(effects.contains { if case .sign = $0 { true } else { false } } == signs)
        // A share that its validator client hands in all the same.
        let partials = try Fixture.partials([0], share: 1, data: Fixture.data(slot: slot))
        let answer = workflow.receive(
            .localPartials([LocalPartials(.attester(slot: Slot(slot)), partials)], Ticket(3)), at: .slot(slot, plus: 5)
        ).answers.last
        guard case .submitted(let verdicts)? = answer, let verdict = verdicts.first else {
            Issue.record("\(String(describing: answer))")
            return
        }
        #expect(verdict.refusals.isEmpty == signs, "\(verdict.refusals)")
        let query = Query.decided(.attestation(Slot(slot), .zero))
        let served = workflow.receive(.query(Ticket(4), query), at: .slot(slot, plus: 5)).answers.map(\.name)
        #expect(served == [signs ? "data" : "refused"])
    }

    @Test(
        "a peer's shares of a duty that is the other set's are not kept",
        arguments: [SwitchStage.open, .entered, .calledOff])
    func peers(stage: SwitchStage) throws {
        for slot in [UInt64(159), 160] {
            var workflow = try workflow(stage, at: .slot(slot))
            let partials = try Fixture.partials([0], share: 2, data: Fixture.data(slot: slot))
            let effects = workflow.receive(
                .peerPartials(.attester(slot: Slot(slot)), partials), at: .slot(slot, plus: 4))
            let isOurs = try SwitchRecord(Self.plan(), stage).refusal(of: .attester(slot: Slot(slot))) == nil
            #expect(!effects.records.isEmpty == isOurs, "\(stage) \(slot)")
        }
    }

    @Test("whoever missed the decision asks, learns it after the epoch has come, and enters at once")
    func late() throws {
        var workflow = try workflow(.announced, at: .slot(161))
        let woken = workflow.receive(.wake, at: .slot(161))
        #expect(stages(woken) == [.open] && woken.work.contains("exchange"))
        let statement = SwitchStatement.proposal(.on, on: try Self.plan())
        func said(_ peer: Int) -> Event {
            .peerPriorities(
                PeerIndex(peer),
                Self.sealed(PriorityMessage(duty: duty, topics: [statement], peerID: Self.peerIDs[peer])), nil)
        }
        #expect(stages(workflow.receive(said(1), at: .slot(161, plus: 1))) == [])
        let learned = workflow.receive(said(2), at: .slot(161, plus: 1))
        #expect(learned.work == ["persist switch confirmed", "enter"])
    }

    @Test("a question in the name of a duty that is long over is answered by whoever knows")
    func asked() throws {
        var workflow = try workflow(.entered, at: .slot(400))
        let question = Self.sealed(
            PriorityMessage(
                duty: duty, topics: [SwitchStatement.proposal(.open, on: try Self.plan())], peerID: Self.peerIDs[3]))
        let effects = workflow.receive(.peerPriorities(PeerIndex(3), question, Ticket(9)), at: .slot(400))
        guard case .priorities(let own)? = effects.answers.first else {
            Issue.record("\(effects.map(\.name))")
            return
        }
        #expect(SwitchStatement.words(on: try Self.plan(), in: own) == [.on])
        var stranger = try self.workflow(nil, at: .slot(400))
        let refused = stranger.receive(.peerPriorities(PeerIndex(3), question, Ticket(9)), at: .slot(400))
        #expect(refused.answers.map(\.name) == ["refused"])
    }

    @Test("a halted node plans nothing")
    func halted() throws {
        var configuration = try Fixture.configuration()
        configuration.infoSync = InfoSyncConfiguration(peerIDs: Self.peerIDs, versions: [], protocols: [])
        var workflow = Workflow(configuration: configuration) { _, message in message }
        var snapshot = JournalSnapshot()
        try snapshot.apply(.halted(Halt(duty: .attester(slot: 9), seen: "a twin")))
        _ = workflow.restore(snapshot, at: .slot(100))
        let effects = workflow.receive(.planSwitch(try Self.plan(), Ticket(1)), at: .slot(100))
        #expect(effects.work == ["answer refused"] && workflow.switchRecord == nil)
    }
}
