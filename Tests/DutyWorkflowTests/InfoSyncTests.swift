import Ethereum
import QBFT
import Testing

@testable import DutyWorkflow

/// Node 0 of four, threshold 3, around slot 31, the last of epoch 0.
@Suite("info-sync")
struct InfoSyncTests {
    private static let duty = Duty(slot: Slot(31), type: .infoSync)
    private static let peerIDs = (0..<4).map { "peer-\($0)" }
    private let duty = Self.duty

    private static func configuration(slot: Duration = .seconds(12)) throws -> WorkflowConfiguration {
        var configuration = try Fixture.configuration(clock: Fixture.clock(slot: slot))
        configuration.infoSync = InfoSyncConfiguration(
            peerIDs: peerIDs, versions: ["v1.11", "v1.10"], protocols: ["/charon/consensus/qbft/2.0.0", "other"])
        return configuration
    }

    private static func sealed(_ message: PriorityMessage) -> PriorityMessage {
        var sealed = message
        sealed.signature = [9]
        return sealed
    }

    private func infoSync(slot: Duration = .seconds(12)) throws -> InfoSync {
        InfoSync(configuration: try Self.configuration(slot: slot), seal: Self.sealed)
    }

    private static func message(
        _ peer: Int, slot: UInt64 = 31, versions: [String] = ["v1.11", "v1.10"]
    ) -> PriorityMessage {
        let setup = InfoSyncConfiguration(
            peerIDs: peerIDs, versions: versions, protocols: ["/charon/consensus/qbft/2.0.0"])
        return sealed(
            PriorityMessage(duty: Duty(slot: Slot(slot), type: .infoSync), topics: setup.topics, peerID: peerIDs[peer]))
    }

    private static func result(_ messages: [PriorityMessage]) throws -> PriorityResult {
        try PriorityResult(of: messages, threshold: 3)
    }

    // MARK: Trigger

    @Test(
        "begins in the last slot of every epoch, once",
        arguments: [(0, nil), (30, nil), (31, 31), (32, nil), (62, nil), (63, 63)] as [(UInt64, UInt64?)])
    func trigger(slot: UInt64, begins: UInt64?) throws {
        var infoSync = try infoSync()
        #expect(infoSync.due(at: .at(-1)) == nil)
        let due = infoSync.due(at: .slot(slot, plus: 3))
        #expect(due == begins.map { Duty(slot: Slot($0), type: .infoSync) })
        guard let due else { return }
        _ = infoSync.start(due, at: .slot(slot, plus: 3))
        #expect(infoSync.due(at: .slot(slot, plus: 5)) == nil)
        #expect(infoSync.due(at: .slot(slot - 32 * (slot / 32), plus: 5)) == nil, "a clock that steps back")
        #expect(infoSync.due(at: .slot(slot + 32)) != nil)
    }

    @Test("takes no part without a setup")
    func absent() throws {
        var configuration = try Self.configuration()
        configuration.infoSync = nil
        var infoSync = InfoSync(configuration: configuration, seal: Self.sealed)
        #expect(infoSync.due(at: .slot(31)) == nil)
        let signals = infoSync.receive(Self.message(1), from: PeerIndex(1), Ticket(1), at: .slot(31))
        #expect(signals.effects.answers.map(\.name) == ["refused"])
    }

    @Test("tells three topics in their order, signed")
    func own() throws {
        var infoSync = try infoSync()
        let effects = infoSync.start(duty, at: .slot(31)).effects
        guard case .exchangePriorities(let own)? = effects.first, effects.count == 1 else {
            Issue.record("\(effects.map(\.name))")
            return
        }
        #expect(own.duty == duty && own.peerID == "peer-0" && own.signature == [9])
        #expect(own.topics.map(\.topic.text) == ["version", "protocol", "proposal"])
        #expect(
            own.topics.map { $0.priorities.map(\.text) } == [
                ["v1.11", "v1.10"], ["/charon/consensus/qbft/2.0.0", "other"], ["full"],
            ])
    }

    // MARK: Exchange

    private func proposal(_ signals: [Signal]) -> [String]? {
        for case .prioritised(let duty, let result) in signals where duty == self.duty {
            return result.messages.map(\.peerID)
        }
        return nil
    }

    @Test("proposes as soon as everybody is heard, once, in the order of arrival and itself first")
    func everybody() throws {
        var infoSync = try infoSync()
        // One came before we began.
        #expect(infoSync.receive(Self.message(3), from: PeerIndex(3), nil, at: .slot(31)).isEmpty)
        #expect(proposal(infoSync.start(duty, at: .slot(31, plus: 0.1))) == nil)
        #expect(proposal(infoSync.receive(Self.message(2), from: PeerIndex(2), nil, at: .slot(31, plus: 0.2))) == nil)
        let all = infoSync.receive(Self.message(1), from: PeerIndex(1), nil, at: .slot(31, plus: 0.3))
        #expect(proposal(all) == ["peer-0", "peer-3", "peer-2", "peer-1"])
        #expect(infoSync.receive(Self.message(1), from: PeerIndex(1), nil, at: .slot(31, plus: 0.4)).isEmpty)
        #expect(infoSync.nextWake == nil && infoSync.wake(at: .slot(31, plus: 6)).isEmpty)
    }

    @Test("proposes after six seconds without those who are missing", arguments: [(12, 6.0), (4, 2.0)])
    func inTime(slotSeconds: Int, after: Double) throws {
        var infoSync = try infoSync(slot: .seconds(slotSeconds))
        let start = Instant.at(Double(31 * slotSeconds))
        _ = infoSync.start(duty, at: start)
        for peer in [1, 2] { _ = infoSync.receive(Self.message(peer), from: PeerIndex(peer), nil, at: start) }
        #expect(infoSync.nextWake == start + .milliseconds(Int64(after * 1000)))
        #expect(infoSync.wake(at: start + .milliseconds(Int64(after * 1000) - 1)).isEmpty)
        #expect(
            proposal(infoSync.wake(at: start + .milliseconds(Int64(after * 1000)))) == ["peer-0", "peer-1", "peer-2"])
        #expect(infoSync.nextWake == nil)
    }

    @Test("of fewer than a threshold it proposes nothing, until enough have come")
    func tooFew() throws {
        var infoSync = try infoSync()
        _ = infoSync.start(duty, at: .slot(31))
        _ = infoSync.receive(Self.message(1), from: PeerIndex(1), nil, at: .slot(31))
        #expect(infoSync.wake(at: .slot(31, plus: 6)).isEmpty)
        #expect(infoSync.nextWake == nil)
        let late = infoSync.receive(Self.message(2), from: PeerIndex(2), nil, at: .slot(31, plus: 8))
        #expect(proposal(late) == ["peer-0", "peer-1", "peer-2"])
    }

    @Test("of each operator the first message counts")
    func first() throws {
        var infoSync = try infoSync()
        _ = infoSync.start(duty, at: .slot(31))
        for version in ["v1.10", "v9.9"] {
            _ = infoSync.receive(
                Self.message(1, versions: [version]), from: PeerIndex(1), nil, at: .slot(31, plus: 1))
        }
        _ = infoSync.receive(Self.message(2), from: PeerIndex(2), nil, at: .slot(31, plus: 1))
        for case .prioritised(_, let result) in infoSync.wake(at: .slot(31, plus: 6)) {
            #expect(result.messages.map(\.peerID) == ["peer-0", "peer-1", "peer-2"])
            #expect(result.messages[1].topics[0].priorities.map(\.text) == ["v1.10"])
            return
        }
        Issue.record("no result")
    }

    @Test("a message that would spoil the result is refused")
    func spoiler() throws {
        var infoSync = try infoSync()
        _ = infoSync.start(duty, at: .slot(31))
        var spoiler = Self.message(1)
        spoiler.topics.append(spoiler.topics[0])
        let signals = infoSync.receive(spoiler, from: PeerIndex(1), Ticket(1), at: .slot(31))
        #expect(signals.tracked == [.peerRefused(PeerIndex(1), "a topic twice in the message of peer-1")])
        #expect(signals.effects.answers.map(\.name) == ["refused"])
        for peer in [1, 2, 3] { _ = infoSync.receive(Self.message(peer), from: PeerIndex(peer), nil, at: .slot(31)) }
        #expect(infoSync.nextWake == nil, "proposed")
    }

    // MARK: Requests

    @Test("requests are answered when our own exchange runs, and later ones at once")
    func answers() throws {
        var infoSync = try infoSync()
        #expect(infoSync.receive(Self.message(1), from: PeerIndex(1), Ticket(1), at: .slot(30, plus: 11)).isEmpty)
        #expect(infoSync.nextWake == .slot(31, plus: 4))
        #expect(infoSync.start(duty, at: .slot(31)).effectNames == ["exchange", "answer priorities"])
        let late = infoSync.receive(Self.message(2), from: PeerIndex(2), Ticket(2), at: .slot(31, plus: 7))
        #expect(late.effectNames == ["answer priorities"])
    }

    @Test("requests wait for five seconds, two of a peer, and none beyond the duty")
    func waiting() throws {
        var infoSync = try infoSync()
        let now = Instant.slot(31)
        for ticket in UInt64(1)...3 {
            let signals = infoSync.receive(Self.message(1), from: PeerIndex(1), Ticket(ticket), at: now)
            #expect(signals.effects.answers.map(\.name) == (ticket == 3 ? ["refused"] : []))
        }
        #expect(infoSync.receive(Self.message(2), from: PeerIndex(2), Ticket(4), at: now + .seconds(1)).isEmpty)
        infoSync.cancel(Ticket(2))
        #expect(infoSync.wake(at: now + .milliseconds(4999)).isEmpty)
        #expect(infoSync.wake(at: now + .seconds(5)).effects.answers.map(\.name) == ["refused"])
        #expect(infoSync.expire(duty).effects.answers.map(\.name) == ["refused"])
        #expect(infoSync.start(Duty(slot: 63, type: .infoSync), at: .slot(63)).effectNames == ["exchange"])
    }

    @Test("other slots and other duties are nothing to answer", arguments: [UInt64(30), 32])
    func otherSlots(slot: UInt64) throws {
        var infoSync = try infoSync()
        let signals = infoSync.receive(Self.message(1, slot: slot), from: PeerIndex(1), Ticket(1), at: .slot(31))
        #expect(signals.effects.answers.map(\.name) == ["refused"])
        #expect(infoSync.heldBytes == 0)
    }

    // MARK: Results

    private func decide(_ infoSync: inout InfoSync, slot: UInt64, _ versions: [[String]]) throws -> [Report] {
        let messages = versions.enumerated().map { Self.message($0.offset, slot: slot, versions: $0.element) }
        return infoSync.decided(Duty(slot: Slot(slot), type: .infoSync), try Self.result(messages)).effects.reports
    }

    @Test("lists are sent from the slot on in which a threshold of nodes reads them")
    func gate() throws {
        var infoSync = try infoSync()
        let (old, new) = (["v1.10", "v1.9"], ["v1.11", "v1.10", "v1.9"])
        func gates() -> [Bool] {
            [0, 30, 31, 62, 63, 94, 95, 127, 500].map { infoSync.supportsContributionLists(at: $0) }
        }
        #expect(gates() == Array(repeating: false, count: 9))
        #expect(try decide(&infoSync, slot: 31, [new, new, old, old]).count == 1)
        #expect(gates() == Array(repeating: false, count: 9))
        #expect(try decide(&infoSync, slot: 63, [new, old, new, new]).count == 1)
        #expect(gates() == [false, false, false, false, true, true, true, true, true])
        #expect(try decide(&infoSync, slot: 95, [new, new, old, new]).isEmpty, "no news")
        #expect(try decide(&infoSync, slot: 127, [old, old, old]).count == 1)
        #expect(gates() == [false, false, false, false, true, true, true, false, false])
        #expect(try decide(&infoSync, slot: 127, [new, new, new]).isEmpty, "the first of a slot stays")
    }

    @Test(
        "versions from v1.11 on count, those that do not parse do not",
        arguments: [
            (["v1.11"], true), (["v1.12", "v1.10"], true), (["v2.0"], true), (["v1.11-rc1"], true), (["v1.10"], false),
            (["1.11", "v1.x", "latest"], false), ([], false),
        ] as [([String], Bool)])
    func versions(versions: [String], supports: Bool) throws {
        var infoSync = try infoSync()
        _ = try decide(&infoSync, slot: 31, [versions, versions, versions])
        #expect(infoSync.supportsContributionLists(at: 31) == supports)
    }

    @Test("the agreement tells protocol and proposals; of a hundred changes the oldest is forgotten")
    func history() throws {
        var infoSync = try infoSync()
        _ = try decide(&infoSync, slot: 31, [["v1.11"], ["v1.11"], ["v1.11"]])
        let agreed = try #require(infoSync.agreed(at: 40))
        #expect(agreed.consensusProtocol == "/charon/consensus/qbft/2.0.0" && agreed.proposals == ["full"])
        for change in UInt64(1)...100 {
            let version = ["v1.\(change)"]
            #expect(try decide(&infoSync, slot: 31 + 32 * change, [version, version, version]).count == 1)
        }
        #expect(infoSync.agreed(at: 40) == nil && infoSync.agreed(at: 63)?.versions == ["v1.1"])
        #expect(infoSync.agreed(at: 1_000_000)?.versions == ["v1.100"])
    }

    // MARK: Proposals of others

    @Test("a leader's result is looked at before a vote for it")
    func judged() throws {
        let infoSync = try infoSync()
        let good = try Self.result((0..<3).map { Self.message($0) })
        #expect(infoSync.fault(in: good, of: duty) == nil)
        var forced = good
        forced.topics[0].priorities[0].score += 1
        #expect(infoSync.fault(in: forced, of: duty) == "what its own messages do not amount to")
        let few = try Self.result((0..<2).map { Self.message($0) })
        #expect(infoSync.fault(in: few, of: duty) == "what too few operators prefer")
        #expect(
            infoSync.fault(in: good, of: Duty(slot: 63, type: .infoSync)) == "priorities of another duty or cluster")
        #expect(infoSync.fault(in: good, of: Duty(slot: 30, type: .infoSync)) != nil)
        var stranger = good
        stranger.messages[1].peerID = "stranger"
        #expect(infoSync.fault(in: stranger, of: duty) == "priorities of another duty or cluster")
        var twice = good
        twice.messages[1] = twice.messages[0]
        #expect(infoSync.fault(in: twice, of: duty) == "two messages of peer-0")
    }

    // MARK: In the workflow

    private func workflow() throws -> Workflow {
        Workflow(configuration: try Self.configuration(), sealPriorities: Self.sealed) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
    }

    private func vote(
        _ kind: QBFT.Message.Kind, from source: Int, _ result: PriorityResult
    ) -> Event {
        let value = ConsensusValue.priorities(result)
        let hash = value.valueHash()
        let message = QBFT.Message(kind, round: 1, source: source, value: hash, signature: [UInt8(source)])
        return .consensusMessage(ConsensusMessage(duty: duty, message: message, values: [hash: value]))
    }

    /// Slot 31, type 13, round 1: 45 mod 4 = 1 leads.
    private static let leader = 1

    @Test("an exchange becomes a proposal, a decision and a report, every vote on disk first")
    func story() throws {
        var workflow = try workflow()
        #expect(workflow.nextWake(after: .slot(30, plus: 1)) <= .slot(31))
        #expect(workflow.receive(.wake, at: .slot(31)).work.contains("exchange"))
        for peer in [1, 2, 3] {
            #expect(
                workflow.receive(.peerPriorities(PeerIndex(peer), Self.message(peer), nil), at: .slot(31)).work == [])
        }
        let result = try Self.result([Self.message(1), Self.message(0), Self.message(2), Self.message(3)])
        let prepare = workflow.receive(vote(.prePrepare, from: Self.leader, result), at: .slot(31))
        #expect(prepare.work == ["persist vote prepare", "send prepare"])
        guard case .vote(duty, _, let values)? = prepare.records.first else {
            Issue.record("\(prepare.records)")
            return
        }
        #expect(Array(values.values) == [.priorities(result)])
        _ = workflow.receive(vote(.prepare, from: 1, result), at: .slot(31))
        #expect(
            workflow.receive(vote(.prepare, from: 2, result), at: .slot(31)).work == [
                "persist vote commit", "send commit",
            ])
        _ = workflow.receive(vote(.commit, from: 1, result), at: .slot(31))
        #expect(!workflow.supportsContributionLists(at: 31))
        let decided = workflow.receive(vote(.commit, from: 2, result), at: .slot(31))
        #expect(decided.work == [])
        let agreed = decided.reports.compactMap { if case .prioritiesAgreed(let agreed) = $0 { agreed } else { nil } }
        #expect(agreed.map(\.versions) == [["v1.11", "v1.10"]])
        #expect(workflow.supportsContributionLists(at: 31) && !workflow.supportsContributionLists(at: 30))
        #expect(workflow.receive(.wake, at: .slot(32, plus: 1)).work == ["note expired"])
    }

    @Test("a made-up result gets no vote, its leader is named")
    func madeUp() throws {
        var workflow = try workflow()
        _ = workflow.receive(.wake, at: .slot(31))
        var forced = try Self.result((0..<4).map { Self.message($0) })
        forced.topics[0].priorities[0].priority = PriorityAny("v9.9")
        let effects = workflow.receive(vote(.prePrepare, from: Self.leader, forced), at: .slot(31))
        #expect(effects.work == [])
        #expect(
            effects.reports.contains {
                if case .fault(duty, let what) = $0 { what.description.contains("proposes") } else { false }
            })
    }

    @Test("a restarted node votes as before, and is asked once more")
    func restart() throws {
        var workflow = try workflow()
        _ = workflow.receive(.wake, at: .slot(31))
        for peer in [1, 2, 3] {
            _ = workflow.receive(.peerPriorities(PeerIndex(peer), Self.message(peer), nil), at: .slot(31))
        }
        let result = try Self.result((0..<4).map { Self.message($0) })
        let records = workflow.receive(vote(.prePrepare, from: Self.leader, result), at: .slot(31)).records
        var snapshot = JournalSnapshot()
        for record in records { try snapshot.apply(record) }
        var restarted = try self.workflow()
        let effects =
            restarted.restore(snapshot, at: .slot(31, plus: 0.5)) + restarted.receive(.wake, at: .slot(31, plus: 0.5))
        #expect(effects.work == ["send prepare", "resolve 0", "resolve 1", "exchange"])
        let other = try Self.result((0..<3).map { Self.message($0) })
        #expect(restarted.receive(vote(.prePrepare, from: Self.leader, other), at: .slot(31, plus: 0.6)).work == [])
    }

    @Test("requests about duties that are over, or far ahead, are answered with no")
    func gated() throws {
        var workflow = try workflow()
        for slot in [31, 127] as [UInt64] {
            let effects = workflow.receive(
                .peerPriorities(PeerIndex(1), Self.message(1, slot: slot), Ticket(slot)), at: .slot(33))
            #expect(effects.answers.map(\.name) == ["refused"])
        }
        #expect(workflow.heldBytes == 0)
        // Nobody waits longer than five seconds.
        _ = workflow.receive(.peerPriorities(PeerIndex(1), Self.message(1, slot: 63), Ticket(7)), at: .slot(62))
        let waits = workflow.receive(.wake, at: .slot(62, plus: 5)).answers
        #expect(waits.map(\.name) == ["refused"])
    }
}
