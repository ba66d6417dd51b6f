import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// Node 0 of four, which switch at epoch 5: the deciding duty is in slot 127, the last of epoch 3.
@Suite("a planned switch")
struct PlannedSwitchTests {
    private static let peerIDs = (0..<4).map { "peer-\($0)" }
    private static let duty = Duty(slot: Slot(127), type: .infoSync)
    private let duty = Self.duty
    /// The deciding duty is over a slot and a twelfth after it began.
    private let over = Instant.slot(128, plus: 1)

    private static func side(_ lock: UInt8, _ peers: [String], _ threshold: Int? = nil) -> SwitchPlan.Side {
        SwitchPlan.Side(
            lock: Fixture.root(lock), peerIDs: peers, threshold: threshold ?? (2 * peers.count + 2) / 3)
    }

    private static func plan(_ new: [String] = peerIDs, epoch: UInt64 = 5) throws -> SwitchPlan {
        try SwitchPlan(old: side(1, peerIDs), new: side(2, new), epoch: Epoch(epoch), slotsPerEpoch: 32)
    }

    private static func sealed(_ message: PriorityMessage) -> PriorityMessage {
        var sealed = message
        sealed.signature = [9]
        return sealed
    }

    private static func machine(_ stage: SwitchStage? = nil, new: [String] = peerIDs) throws -> PlannedSwitch {
        var configuration = try Fixture.configuration()
        configuration.infoSync = InfoSyncConfiguration(peerIDs: peerIDs, versions: [], protocols: [])
        var machine = PlannedSwitch(configuration: configuration, seal: sealed)
        if let stage { machine.restore(SwitchRecord(try plan(new), stage)) }
        return machine
    }

    private func message(_ peer: Int, _ topics: [PriorityMessage.TopicProposal], slot: UInt64 = 127) -> PriorityMessage
    {
        Self.sealed(
            PriorityMessage(duty: Duty(slot: Slot(slot), type: .infoSync), topics: topics, peerID: "peer-\(peer)"))
    }

    private func result(announcing: [Int], silent: [Int] = [], slot: UInt64 = 127) throws -> PriorityResult {
        let announcement = SwitchStatement.announcement(of: try Self.plan())
        return try PriorityResult(
            of: announcing.map { message($0, [announcement], slot: slot) } + silent.map { message($0, [], slot: slot) },
            threshold: 3)
    }

    private func say(_ word: SwitchStatement.Word, _ peer: Int) throws -> PriorityMessage {
        message(peer, [SwitchStatement.proposal(word, on: try Self.plan())])
    }

    private func stages(_ effects: [Effect]) -> [SwitchStage] {
        effects.records.compactMap { if case .plannedSwitch(let record) = $0 { record.stage } else { nil } }
    }

    private func news(_ effects: [Effect]) -> [SwitchNews] {
        effects.reports.compactMap { if case .plannedSwitch(_, let news) = $0 { news } else { nil } }
    }

    // MARK: Plans

    @Test("the deciding duty is the info-sync two epochs before")
    func slots() throws {
        let plan = try Self.plan()
        #expect(plan.firstSlot == Slot(160) && plan.decidingDuty == duty)
        #expect(try plan.id == Self.plan().id)
        #expect(try plan.id != Self.plan(epoch: 6).id)
    }

    @Test(
        "it takes so many that the new set can go on and the old one cannot, liars and all",
        arguments: [
            // old operators, threshold, new operators that stay, new ones, needed old, needed new
            (4, 3, 4, 0, 3, 3), (4, 3, 3, 0, 3, 2), (4, 3, 3, 1, 3, 3), (7, 5, 7, 0, 5, 5), (7, 5, 5, 2, 5, 5),
            (10, 7, 9, 0, 7, 6), (4, 2, 4, 0, 4, 3), (3, 2, 3, 0, 2, 2), (6, 4, 6, 0, 4, 4),
        ])
    func needed(old: Int, threshold: Int, stay: Int, come: Int, oldNeeded: Int, newNeeded: Int) throws {
        let operators = (0..<old).map { "peer-\($0)" }
        let plan = try SwitchPlan(
            old: Self.side(1, operators, threshold),
            new: Self.side(2, operators.prefix(stay) + (0..<come).map { "new-\($0)" }), epoch: 5, slotsPerEpoch: 32)
        #expect(plan.oldNeeded == oldNeeded && plan.newNeeded == newNeeded)
        let faulty = (old - 1) / 3
        #expect(old - plan.oldNeeded + faulty < threshold, "the rest signs nothing more")
        for count in 0...old {
            let announcers = Set(operators.prefix(count))
            #expect(plan.isConfirmed(by: announcers) == (count >= oldNeeded && min(count, stay) >= newNeeded))
        }
        #expect(!plan.isConfirmed(by: Set((0..<20).map { "stranger-\($0)" })))
    }

    @Test("no plan that a cluster could not go on with")
    func faults() throws {
        func fault(_ old: SwitchPlan.Side, _ new: SwitchPlan.Side, _ epoch: UInt64 = 5, slots: UInt64 = 32)
            -> SwitchFault?
        {
            do throws(SwitchFault) {
                _ = try SwitchPlan(old: old, new: new, epoch: Epoch(epoch), slotsPerEpoch: slots)
                return nil
            } catch {
                return error
            }
        }
        let (old, new) = (Self.side(1, Self.peerIDs), Self.side(2, Self.peerIDs))
        #expect(fault(old, new) == nil)
        #expect(fault(old, new, 1) == .epoch(1) && fault(old, new, .max) == .epoch(.max))
        #expect(fault(old, new, 5, slots: 0) == .epoch(5))
        #expect(fault(old, old) == .sameLock)
        #expect(fault(old, Self.side(2, ["a", "a", "b"])) == .operators(Fixture.root(2)))
        #expect(fault(old, Self.side(2, [])) == .operators(Fixture.root(2)))
        #expect(fault(Self.side(1, Self.peerIDs, 9), new) == .operators(Fixture.root(1)))
        #expect(fault(Self.side(1, Self.peerIDs, 1), new) == .lowThreshold(1))
        let many = Self.peerIDs + ["a", "b", "c"]
        #expect(fault(old, Self.side(2, many, 3)) == .tooFewStay(4, needed: 5))
    }

    // MARK: Noting and dropping

    @Test("is noted in time, once, and for this cluster")
    func noting() throws {
        let plan = try Self.plan()
        var machine = try Self.machine()
        let (signals, refusal) = machine.note(plan, at: .slot(126, plus: 11))
        #expect(refusal == nil && stages(signals.effects) == [.noted] && news(signals.effects) == [.noted])
        #expect(machine.note(plan, at: .slot(126)).refusal == nil && machine.record?.stage == .noted)
        let other = machine.note(try Self.plan(epoch: 6), at: .slot(100))
        #expect(other.refusal?.contains("planned for epoch 5 already") == true && other.signals.isEmpty)
        var late = try Self.machine()
        let tooLate = late.note(plan, at: .slot(127)).refusal
        #expect(tooLate?.contains("name epoch 6 or a later one") == true && late.record == nil)
        #expect(late.note(try Self.plan(epoch: 6), at: .slot(127)).refusal == nil)
        var far = try Self.machine()
        #expect(far.note(try Self.plan(epoch: 2254), at: .slot(100)).refusal?.contains("away") == true)
        let foreign = try SwitchPlan(
            old: Self.side(1, Self.peerIDs.reversed()), new: Self.side(2, Self.peerIDs), epoch: 5, slotsPerEpoch: 32)
        #expect(far.note(foreign, at: .slot(100)).refusal?.contains("another cluster") == true)
    }

    @Test("is taken back until its word is out, and after that not")
    func dropping() throws {
        var machine = try Self.machine(.noted)
        #expect(machine.drop().signals.effects.work == ["persist switch dropped"] && machine.record == nil)
        #expect(machine.drop().refusal != nil)
        for stage in SwitchStage.allCases where ![.noted, .calledOff, .entered].contains(stage) {
            var machine = try Self.machine(stage)
            #expect(machine.drop().refusal != nil && machine.record?.stage == stage)
        }
    }

    @Test("a second switch follows the first after two epochs", arguments: [(6, false), (7, true)] as [(UInt64, Bool)])
    func second(epoch: UInt64, isTaken: Bool) throws {
        var machine = try Self.machine(.entered)
        let next = try SwitchPlan(
            old: Self.side(1, Self.peerIDs), new: Self.side(3, Self.peerIDs), epoch: 20, slotsPerEpoch: 32)
        #expect((machine.note(next, at: .slot(32 * epoch)).refusal == nil) == isTaken)
    }

    // MARK: The deciding duty

    private func vote(_ kind: QBFT.Message.Kind, _ duty: Duty, _ result: PriorityResult) -> Effect {
        let value = ConsensusValue.priorities(result)
        let message = QBFT.Message(kind, round: 1, source: 0, value: value.valueHash(), signature: [1])
        return .sendConsensus(ConsensusMessage(duty: duty, message: message, values: [value.valueHash(): value]))
    }

    @Test("what others may go by is recorded before it leaves: our word, and which COMMITs")
    func recording() throws {
        let (on, off) = (try result(announcing: [0, 1, 2]), try result(announcing: [0], silent: [1, 2]))
        var machine = try Self.machine(.noted)
        let own = message(0, machine.topics)
        let earlier = message(0, machine.topics, slot: 95)
        #expect(machine.recording([.exchangePriorities(earlier)]).map(\.name) == ["exchange"])
        #expect(
            machine.recording([.answer(Ticket(1), .priorities(own)), .exchangePriorities(own)]).map(\.name) == [
                "persist switch announced", "answer priorities", "exchange",
            ])
        let others = [vote(.prepare, duty, on), vote(.commit, Duty(slot: 95, type: .infoSync), on)]
        #expect(machine.recording(others).count == 2)
        var (committed, declined) = (machine, machine)
        #expect(
            committed.recording([vote(.commit, duty, on), vote(.commit, duty, on)]).map(\.name) == [
                "persist switch committed", "send commit", "send commit",
            ])
        #expect(committed.recording([.exchangePriorities(own)]).count == 1, "a later stage covers it")
        #expect(
            declined.recording([vote(.commit, duty, off), vote(.commit, duty, on)]).map(\.name) == [
                "persist switch declined", "send commit", "persist switch divided", "send commit",
            ])
        #expect(stages(committed.recording([vote(.commit, duty, off)])) == [.divided])
    }

    @Test(
        "the decided value tells everybody the same, whatever this node announced",
        arguments: [SwitchStage.noted, .announced, .committed],
        [([0, 1, 2, 3], [], true), ([1, 2, 3], [0], true), ([1, 2], [0, 3], false), ([], [0, 1, 2], false)]
            as [([Int], [Int], Bool)])
    func deciding(stage: SwitchStage, _ value: (announcing: [Int], silent: [Int], isOn: Bool)) throws {
        var machine = try Self.machine(stage)
        let effects = machine.decided(duty, try result(announcing: value.announcing, silent: value.silent)).effects
        #expect(stages(effects) == [value.isOn ? .confirmed : .calledOff])
        #expect(news(effects) == [value.isOn ? .confirmed : .calledOff])
        #expect(machine.decided(duty, try result(announcing: [0, 1, 2])).isEmpty, "there is one decision")
        #expect(machine.topics.isEmpty)
    }

    @Test("an earlier info-sync only tells who has announced it")
    func earlier() throws {
        var machine = try Self.machine(.noted)
        let effects = machine.decided(
            Duty(slot: 95, type: .infoSync), try result(announcing: [0, 2], silent: [1], slot: 95)
        ).effects
        #expect(effects.records.isEmpty && machine.record?.stage == .noted)
        #expect(news(effects) == [.announced(by: [PeerIndex(0), PeerIndex(2)], isEnough: false)])
    }

    @Test("messages of another duty in the deciding value count for nothing")
    func replayed() throws {
        var machine = try Self.machine(.noted)
        let announcement = SwitchStatement.announcement(of: try Self.plan())
        let replayed = PriorityResult(
            messages: [0, 1].map { message($0, [announcement]) }
                + [2, 3].map { message($0, [announcement], slot: 95) },
            topics: [])
        #expect(stages(machine.decided(duty, replayed).effects) == [.calledOff])
    }

    @Test("another plan's announcements are none of this one's")
    func otherPlan() throws {
        var machine = try Self.machine(.noted)
        let announcement = SwitchStatement.announcement(of: try Self.plan(epoch: 6))
        let others = try PriorityResult(of: (0..<4).map { message($0, [announcement]) }, threshold: 3)
        #expect(stages(machine.decided(duty, others).effects) == [.calledOff])
    }

    // MARK: Who has not learned it

    @Test(
        "after the duty it promises what it did, takes no decision any more, and asks once a slot",
        arguments: [
            (.noted, .open), (.announced, .open), (.declined, .open), (.committed, .locked), (.divided, .torn),
        ] as [(SwitchStage, SwitchStage)])
    func undecided(before: SwitchStage, after: SwitchStage) throws {
        var machine = try Self.machine(before)
        #expect(machine.nextWake == over && machine.wake(at: .slot(128)).isEmpty)
        let effects = machine.wake(at: over).effects
        #expect(stages(effects) == [after] && news(effects) == [.undecided])
        #expect(effects.work == ["persist switch \(after)", "exchange"])
        #expect(machine.decided(duty, try result(announcing: [0, 1, 2])).isEmpty)
        #expect(machine.nextWake == over + .seconds(12) && machine.wake(at: over + .seconds(11)).isEmpty)
        #expect(machine.wake(at: over + .seconds(12)).effectNames == ["exchange"])
        guard case .exchangePriorities(let own)? = effects.last else { return }
        #expect(own.duty == duty && own.signature == [9] && own.peerID == "peer-0")
        #expect(try SwitchStatement.words(on: Self.plan(), in: own) == [#require(SwitchStatement.Word(after))])
        #expect(!SwitchStatement.isAnnouncement(of: try Self.plan(), own))
    }

    /// What each peer says, in order; nil where nothing follows.
    typealias Case = (own: SwitchStage, said: [(Int, SwitchStatement.Word)], end: SwitchStage?)

    @Test(
        "learns from as many as cannot all lie",
        arguments: [
            (.open, [(1, .on)], nil), (.open, [(1, .on), (2, .on)], .confirmed),
            (.torn, [(1, .on), (3, .on)], .confirmed), (.open, [(1, .on), (1, .on)], nil),
            (.open, [(1, .off)], nil), (.locked, [(1, .off), (2, .off)], .calledOff),
            // A quorum that shares an honest node with every quorum that could have decided otherwise.
            (.open, [(1, .open)], nil), (.open, [(1, .open), (2, .open)], .calledOff),
            (.open, [(1, .open), (2, .off)], .calledOff), (.locked, [(1, .open), (2, .open)], nil),
            (.locked, [(1, .open), (2, .open), (3, .open)], .calledOff),
            (.locked, [(1, .locked)], nil), (.locked, [(1, .locked), (2, .locked)], .confirmed),
            (.locked, [(1, .locked), (2, .on)], .confirmed), (.open, [(1, .locked), (2, .locked)], nil),
            (.open, [(1, .locked), (2, .locked), (3, .locked)], .confirmed),
            (.open, [(1, .locked), (2, .locked), (3, .open)], nil),
            (.torn, [(1, .locked), (2, .torn), (3, .open)], nil),
            // A liar who says everything has one voice in each.
            (.locked, [(1, .on), (1, .off), (1, .open), (1, .locked)], nil),
            // Strangers have none.
            (.open, [(7, .on), (8, .on)], nil),
        ] as [Case])
    func learning(_ row: Case) throws {
        var machine = try Self.machine(row.own)
        var effects: [Effect] = []
        for (peer, word) in row.said {
            effects += try #require(machine.heard(try say(word, peer), nil)).effects
        }
        #expect(stages(effects) == (row.end.map { [$0] } ?? []))
        #expect(machine.record?.stage == row.end ?? row.own)
    }

    @Test("statements of another plan or duty teach nothing")
    func foreignStatements() throws {
        var machine = try Self.machine(.open)
        let other = SwitchStatement.proposal(.on, on: try Self.plan(epoch: 6))
        for peer in [1, 2, 3] { #expect(machine.heard(message(peer, [other]), nil)?.isEmpty == true) }
        let right = SwitchStatement.proposal(.on, on: try Self.plan())
        for peer in [1, 2, 3] { #expect(machine.heard(message(peer, [right], slot: 159), nil) == nil) }
        #expect(machine.record?.stage == .open)
    }

    @Test("whoever asks is told, by those who know and those who do not; before the duty is over it is info-sync")
    func answering() throws {
        for (stage, word) in [
            (.open, .open), (.locked, .locked), (.torn, .torn), (.calledOff, .off), (.confirmed, .on), (.entered, .on),
        ] as [(SwitchStage, SwitchStatement.Word)] {
            var machine = try Self.machine(stage)
            let effects = try #require(machine.heard(try say(.open, 3), Ticket(4))).effects
            guard case .answer(Ticket(4), .priorities(let own))? = effects.last else {
                Issue.record("\(effects.map(\.name))")
                return
            }
            #expect(SwitchStatement.words(on: try Self.plan(), in: own) == [word])
        }
        for stage in SwitchStage.allCases where stage.isDeciding {
            var machine = try Self.machine(stage)
            #expect(machine.heard(try say(.open, 3), Ticket(4)) == nil)
        }
    }

    // MARK: The epoch

    @Test("a confirmed switch takes place late in the last slot, once in a life")
    func entering() throws {
        var machine = try Self.machine(.confirmed)
        #expect(machine.nextWake == .slot(159, plus: 11) && machine.wake(at: .slot(159, plus: 10.9)).isEmpty)
        let effects = machine.wake(at: .slot(159, plus: 11)).effects
        #expect(effects.work == ["enter"] && news(effects) == [.entering])
        #expect(machine.wake(at: .slot(160)).isEmpty && machine.nextWake == nil)
    }

    @Test("who learns it late enters at once, who has left does not")
    func lateOrLeft() throws {
        var late = try Self.machine(.open)
        _ = late.heard(try say(.on, 1), nil)
        #expect(stages((late.heard(try say(.on, 2), nil) ?? []).effects) == [.confirmed])
        #expect(late.wake(at: .slot(200)).effects.work == ["enter"])
        var left = try Self.machine(.confirmed, new: ["peer-1", "peer-2", "peer-3"])
        let effects = left.wake(at: .slot(160)).effects
        #expect(effects.work == [] && news(effects) == [.left])
    }
}
