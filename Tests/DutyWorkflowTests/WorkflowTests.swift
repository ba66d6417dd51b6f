import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// Node 0 of four, led by hand through an attestation of validators 0 and 1 in slot 41, whose first round it leads.
@Suite("Workflow")
struct WorkflowTests {
    let duty = Duty.attester(slot: Slot(41))
    let data = Fixture.data(slot: 41)
    let start = Instant.slot(41, plus: 4)
    var keys: [EntryKey] { [Fixture.key(0), Fixture.key(1)] }
    var value: UnsignedDataSet { Fixture.unsigned([0, 1], slot: 41, data) }

    func workflow(signs: Bool = false, snapshot: JournalSnapshot? = nil, at now: Instant? = nil) throws -> (
        Workflow, [Effect]
    ) {
        var workflow = Workflow(configuration: try Fixture.configuration(signs: signs)) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
        let effects = snapshot.map { workflow.restore($0, at: now ?? start) } ?? []
        return (workflow, effects)
    }

    func vote(_ kind: QBFT.Message.Kind, from source: Int, _ set: UnsignedDataSet? = nil, round: Int64 = 1)
        -> Event
    {
        let set = set ?? value
        let hash = set.valueHash()
        let message = QBFT.Message(kind, round: round, source: source, value: hash, signature: [UInt8(source)])
        return .consensusMessage(ConsensusMessage(duty: duty, message: message, values: [hash: .duties(set)]))
    }

    func set(_ share: Int, _ validators: [Int] = [0, 1]) throws -> ParSignedDataSet {
        try Fixture.partials(validators, share: share, data: data)
    }

    struct Step {
        let event: Event
        let at: Instant
        let effects: [String]
    }

    /// The whole duty: what comes in, and what must come out, in order.
    func story() throws -> [Step] {
        let rows = [Fixture.row(0, slot: 41), Fixture.row(1, slot: 41)]
        let recovered = Dictionary(uniqueKeysWithValues: keys.map { ($0, Recovery.signature(Fixture.groupSignature)) })
        return [
            Step(event: .wake, at: .slot(40), effects: ["resolve 1"]),
            Step(event: .dutiesResolved(Epoch(1), .attester, rows.map { .attester($0) }), at: .slot(40), effects: []),
            Step(event: .query(Ticket(1), .decided(.attestation(Slot(41), .zero))), at: .slot(41), effects: []),
            Step(event: .wake, at: start, effects: ["fetch 41/attester"]),
            Step(
                event: .fetched(duty, .attestationData([.zero: data])), at: start,
                effects: ["persist vote prePrepare", "send prePrepare", "persist vote prepare", "send prepare"]),
            Step(event: vote(.prepare, from: 1), at: start, effects: []),
            Step(event: vote(.prepare, from: 2), at: start, effects: ["persist vote commit", "send commit"]),
            Step(event: vote(.commit, from: 1), at: start, effects: []),
            Step(
                event: vote(.commit, from: 2), at: start,
                effects: ["persist unsigned", "answer data"]),
            Step(
                event: .localPartials([LocalPartials(duty, try set(1))], Ticket(2)), at: start,
                effects: [
                    "persist watermark", "persist watermark", "persist partials internal", "share", "answer submitted",
                ]),
            Step(event: .shared(duty, keys), at: start, effects: ["note status broadcasted"]),
            Step(event: .peerPartials(duty, try set(2)), at: start, effects: ["note partials broadcasted"]),
            Step(event: .peerPartials(duty, try set(3)), at: start, effects: ["note partials broadcasted", "recover"]),
            Step(event: .peerPartials(duty, try set(4)), at: start, effects: ["note partials broadcasted"]),
            Step(
                event: .recovered(duty, recovered), at: start,
                effects: ["persist aggregated", "note status aggregated", "broadcast"]),
            Step(event: .broadcastSucceeded(duty, keys), at: start, effects: ["note broadcast"]),
        ]
    }

    @Test("one duty, event by event; whatever is durable comes before what depends on it")
    func walk() throws {
        var (workflow, _) = try workflow()
        var reports: [Report] = []
        for (index, step) in try story().enumerated() {
            let effects = workflow.receive(step.event, at: step.at)
            #expect(effects.work == step.effects, "step \(index)")
            reports += effects.reports
        }
        #expect(reports.contains(.succeeded(duty, validators: 2, sinceDecided: .zero)))
        let end = workflow.receive(.wake, at: .slot(41, plus: 385))
        #expect(end.work.contains("note expired"))
        #expect(!end.reports.contains { if case .failed = $0 { true } else { false } })
    }

    /// What a disk with the first `count` records of a run gives a restarted node.
    private func snapshot(_ records: some Sequence<Record>) throws -> JournalSnapshot {
        var snapshot = JournalSnapshot()
        for record in records { try snapshot.apply(record) }
        return snapshot
    }

    private func journal() throws -> [Record] {
        var (workflow, _) = try workflow()
        return try story().flatMap { workflow.receive($0.event, at: $0.at).records }
    }

    @Test("a restart after any record: nothing is said otherwise, nothing served otherwise", arguments: [false, true])
    func restarts(signs: Bool) throws {
        let records = try journal()
        #expect(records.count == 14)
        let other = Fixture.unsigned([0, 1], slot: 41, Fixture.data(slot: 41, block: 9))
        for count in 0...records.count {
            let disk = try snapshot(records.prefix(count))
            var (workflow, effects) = try workflow(signs: signs, snapshot: disk)
            var votes: [QBFT.Message] = disk.votes[duty] ?? []
            var served: [AttestationData] = []
            var shared = disk.partials.filter { $0.partial.shareIndex == Fixture.share(1) }.map(
                \.partial.data.messageRoot)
            // The beacon node changed its mind, and the peers want the other value in a later round.
            effects += workflow.receive(.query(Ticket(1), .decided(.attestation(Slot(41), .zero))), at: start)
            effects += workflow.receive(.wake, at: start)
            effects += workflow.receive(
                .dutiesResolved(
                    Epoch(1), .attester, [.attester(Fixture.row(0, slot: 41)), .attester(Fixture.row(1, slot: 41))]),
                at: start)
            effects += workflow.receive(
                .fetched(duty, .attestationData([.zero: Fixture.data(slot: 41, block: 9)])), at: start)
            for kind in [QBFT.Message.Kind.prepare, .commit] {
                for source in 1...3 { effects += workflow.receive(vote(kind, from: source, other), at: start) }
            }
            effects += workflow.receive(
                .localPartials([LocalPartials(duty, try Fixture.partials([0, 1], share: 1, data: data))], Ticket(3)),
                at: start)
            effects += workflow.receive(
                .localPartials(
                    [
                        LocalPartials(
                            duty, try Fixture.partials([0, 1], share: 1, data: Fixture.data(slot: 41, block: 9)))
                    ],
                    Ticket(4)),
                at: start)
            for effect in effects {
                switch effect {
                case .sendConsensus(let sent) where sent.message.kind != .decided: votes.append(sent.message)
                case .answer(_, .decided(_, .attester(let data, _))): served.append(data)
                case .shareWithPeers(_, let set): shared += set.values.map(\.data.messageRoot)
                default: break
                }
            }
            let byVote = Dictionary(grouping: votes) { "\($0.kind) \($0.round)" }
            for (name, votes) in byVote {
                #expect(
                    votes.allSatisfy { $0.isSameVote(as: votes[0]) }, "two different \(name) after \(count) records")
            }
            #expect(Set(served).count <= 1 && Set(shared).count <= 1, "after \(count) records")
            if disk.unsigned[duty] != nil {
                #expect(served == [data], "after \(count) records")
                #expect(effects.work.contains("sign") == signs)
            }
        }
    }

    @Test("a restart takes up what was left: votes, shares, groups, broadcasts")
    func takesUp() throws {
        let records = try journal()
        func effects(after name: String) throws -> [String] {
            let count = try #require(records.firstIndex { $0.name == name }) + 1
            return try workflow(snapshot: try snapshot(records.prefix(count))).1.work
        }
        #expect(try effects(after: "vote prepare") == ["send prePrepare", "send prepare"])
        #expect(try effects(after: "vote commit") == ["send prePrepare", "send prepare", "send commit"])
        #expect(try effects(after: "unsigned") == [])
        #expect(try effects(after: "partials internal") == ["share"])
        #expect(try effects(after: "status broadcasted") == [])
        #expect(try effects(after: "aggregated") == ["recover", "broadcast"])
        #expect(try effects(after: "status aggregated") == ["broadcast"])
        #expect(try effects(after: "broadcast") == [])
    }

    // MARK: The invariants of workflow.md §21

    /// A workflow that has decided.
    func decided() throws -> Workflow {
        var (workflow, _) = try workflow()
        for step in try story().prefix(9) { _ = workflow.receive(step.event, at: step.at) }
        return workflow
    }

    @Test("one validator's bad entry holds up no other")
    func partly() throws {
        var workflow = try decided()
        var set = try set(1)
        set[Fixture.key(1)] = try Fixture.partial(1, share: 1, data: Fixture.data(slot: 41, block: 2))
        set[Fixture.key(2)] = try Fixture.partial(2, share: 1, data: data)
        let effects = workflow.receive(.localPartials([LocalPartials(duty, set)], Ticket(7)), at: start)
        #expect(effects.work == ["persist watermark", "persist partials internal", "share", "answer refused"])
        for case .shareWithPeers(_, let shared) in effects { #expect(Set(shared.keys) == [Fixture.key(0)]) }
        let rest = workflow.receive(.localPartials([LocalPartials(duty, try self.set(1))], Ticket(8)), at: start)
        #expect(rest.work == ["persist watermark", "persist partials internal", "share", "answer submitted"])
    }

    @Test("an honest share sent under another duty's name does not take the place of the real one")
    func replayedShares() throws {
        var workflow = try decided()
        let old = try Fixture.partials([0, 1], share: 2, data: Fixture.data(slot: 40))
        let effects = workflow.receive(.peerPartials(duty, old), at: start)
        #expect(effects.work.isEmpty && effects.reports.count == 1)
        for share in 2...3 { _ = workflow.receive(.peerPartials(duty, try set(share)), at: start) }
        #expect(workflow.receive(.peerPartials(duty, try set(4)), at: start).work.contains("recover"))
    }

    @Test("a node that decided nothing still combines and broadcasts its peers' signatures")
    func lateNode() throws {
        var (workflow, _) = try workflow()
        for step in try story().prefix(2) { _ = workflow.receive(step.event, at: step.at) }
        for share in 2...3 { _ = workflow.receive(.peerPartials(duty, try set(share)), at: start) }
        // Peers name another committee; our beacon node's row tells the right one.
        let spoilt = try Fixture.partial(0, share: 4, data: data, committee: 9, validatorIndex: 77)
        _ = workflow.receive(.peerPartials(duty, [Fixture.key(0): spoilt]), at: start)
        let effects = workflow.receive(
            .recovered(duty, [Fixture.key(0): .signature(Fixture.groupSignature)]), at: start)
        for case .broadcast(_, let set) in effects {
            guard case .attestation(let attestation)? = set[Fixture.key(0)] else { continue }
            #expect(attestation.validatorIndex == ValidatorIndex(100) && attestation.committeeIndex == .zero)
            return
        }
        Issue.record("no broadcast: \(effects.work)")
    }

    @Test("a proposal that nobody may sign gets no vote, a good one does", arguments: [(1, false), (0, true)])
    func proposals(source: UInt64, isGood: Bool) throws {
        // Led by node 1.
        let duty = Duty.attester(slot: Slot(42))
        let start = Instant.slot(42, plus: 4)
        var (workflow, _) = try workflow()
        _ = workflow.receive(.dutiesResolved(Epoch(1), .attester, [.attester(Fixture.row(0, slot: 42))]), at: .slot(40))
        _ = workflow.receive(.wake, at: start)
        let set = Fixture.unsigned([0], slot: 42, Fixture.data(slot: 42, source: source))
        let message = QBFT.Message(.prePrepare, round: 1, source: 1, value: set.valueHash(), signature: [1])
        let effects = workflow.receive(
            .consensusMessage(ConsensusMessage(duty: duty, message: message, values: [set.valueHash(): .duties(set)])),
            at: start
        )
        #expect(effects.map(\.name) == (isGood ? ["persist vote prepare", "send prepare"] : ["report"]))
    }

    @Test("bad shares are taken out, and the group is tried again when it is complete without them")
    func badShares() throws {
        var workflow = try decided()
        for share in 2...4 { _ = workflow.receive(.peerPartials(duty, try set(share, [0])), at: start) }
        let bad = workflow.receive(.recovered(duty, [Fixture.key(0): .badShares([Fixture.share(3)])]), at: start)
        #expect(bad.work.isEmpty && !bad.reports.isEmpty)
        let own = workflow.receive(.localPartials([LocalPartials(duty, try set(1, [0]))], nil), at: start)
        #expect(own.work.contains("recover"))
    }

    @Test("when the clock steps back over a deadline, the duty stays over")
    func clockBack() throws {
        var workflow = try decided()
        _ = workflow.receive(.wake, at: .slot(41, plus: 400))
        for kind in [QBFT.Message.Kind.prePrepare, .prepare, .commit] {
            for source in 0...3 { #expect(workflow.receive(vote(kind, from: source), at: start).isEmpty) }
        }
        for share in 2...4 { #expect(workflow.receive(.peerPartials(duty, try set(share)), at: start).isEmpty) }
        #expect(
            workflow.receive(.localPartials([LocalPartials(duty, try set(1))], Ticket(3)), at: start).work == [
                "answer refused"
            ])
        #expect(
            workflow.receive(.query(Ticket(4), .decided(.attestation(Slot(41), .zero))), at: start).work == [
                "answer absent"
            ]
        )
        #expect(workflow.receive(.broadcastSucceeded(duty, keys), at: start).reports.isEmpty)
    }

    @Test("callers wait for a duty to come, not for one that is over or epochs away")
    func queries() throws {
        var (workflow, _) = try workflow()
        #expect(
            workflow.receive(.query(Ticket(1), .decided(.attestation(Slot(8), .zero))), at: start).work == [
                "answer absent"
            ])
        #expect(
            workflow.receive(.query(Ticket(2), .decided(.attestation(Slot(41 + 96), .zero))), at: start).work == [
                "answer absent"
            ])
        #expect(workflow.receive(.query(Ticket(3), .decided(.attestation(Slot(41), .zero))), at: start).work.isEmpty)
        let end = workflow.receive(.wake, at: .slot(41, plus: 385))
        #expect(end.work.contains("answer refused"), "nobody waits longer than the duty")
        #expect(
            workflow.receive(.query(Ticket(5), .decided(.attestation(Slot(80), .zero))), at: .slot(80)).work.isEmpty)
        #expect(workflow.receive(.cancel(Ticket(5)), at: .slot(80)).isEmpty)
    }

    @Test("a failed duty is explained at its deadline")
    func failure() throws {
        var (workflow, _) = try workflow()
        _ = workflow.receive(.wake, at: .slot(32))
        for step in try story().prefix(5) { _ = workflow.receive(step.event, at: step.at) }
        let reports = workflow.receive(.wake, at: .slot(41, plus: 385)).reports
        let failures = reports.compactMap { if case .failed(let failure) = $0 { failure } else { nil } }
        #expect(failures.map(\.reason) == [.noConsensus] && failures.map(\.missing) == [keys.map(\.pubKey)])
        #expect(reports.contains { if case .analysed = $0 { true } else { false } })
    }

    @Test("what was broadcast is looked for in the chain, and told when it is not there")
    func inclusion() throws {
        var configuration = try Fixture.configuration()
        configuration.included = [.attester]
        var workflow = Workflow(configuration: configuration) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
        _ = workflow.receive(.wake, at: .slot(32))
        for step in try story() { _ = workflow.receive(step.event, at: step.at) }
        var reports: [Report] = []
        for slot in 47...82 as ClosedRange<UInt64> {
            let effects = workflow.receive(.wake, at: .slot(slot))
            reports += effects.reports
            for case .checkInclusion(let wanted) in effects {
                #expect(wanted.rawValue + 6 == slot)
                reports += workflow.receive(.blockSeen(wanted, .missing), at: .slot(slot)).reports
            }
        }
        let failures = reports.compactMap { if case .failed(let failure) = $0 { failure } else { nil } }
        #expect(failures.map(\.reason) == [.notIncludedOnChain] && failures.map(\.missing) == [keys.map(\.pubKey)])
    }

    @Test("a proposal whose source only our beacon node can judge waits for its answer, and not for long")
    func heldProposals() throws {
        // Led by node 1, in the first slot of epoch 2; of epoch 1 the justified source was 0.
        let duty = Duty.attester(slot: Slot(64 + 2))
        let begin = Instant.slot(66, plus: 4)
        func proposal(_ source: UInt64) -> Event {
            let set = Fixture.unsigned([0], slot: 66, Fixture.data(slot: 66, source: source))
            let leader = Int((duty.slot.rawValue + 2 + 1) % 4)
            let message = QBFT.Message(.prePrepare, round: 1, source: leader, value: set.valueHash(), signature: [1])
            return .consensusMessage(
                ConsensusMessage(duty: duty, message: message, values: [set.valueHash(): .duties(set)]))
        }
        func started() throws -> Workflow {
            var (workflow, _) = try workflow()
            for step in try story().prefix(5) { _ = workflow.receive(step.event, at: step.at) }
            _ = workflow.receive(
                .dutiesResolved(Epoch(2), .attester, [.attester(Fixture.row(0, slot: 66))]), at: .slot(65))
            #expect(workflow.receive(.wake, at: begin).work.contains("fetch 66/attester"))
            return workflow
        }
        var judged = try started()
        #expect(judged.receive(proposal(1), at: begin).isEmpty, "it waits")
        let low = FetchedData.attestationData([.zero: Fixture.data(slot: 66, source: 0)])
        let refused = judged.receive(.fetched(duty, low), at: begin)
        #expect(!refused.work.contains("send prepare") && !refused.reports.isEmpty)

        // A PREPARE that proves nothing spares no proposal its judgement.
        var adorned = try started()
        guard case .consensusMessage(var message) = proposal(1) else { return }
        message.message.justification = [
            QBFT.Message(
                .prepare, round: 1, source: message.message.source, value: message.message.value, signature: [1])
        ]
        #expect(adorned.receive(.consensusMessage(message), at: begin).isEmpty, "it waits all the same")

        // Nor does one that comes before the duty begins.
        var (soon, _) = try workflow()
        for step in try story().prefix(5) { _ = soon.receive(step.event, at: step.at) }
        _ = soon.receive(.dutiesResolved(Epoch(2), .attester, [.attester(Fixture.row(0, slot: 66))]), at: .slot(65))
        #expect(soon.receive(proposal(1), at: begin - .seconds(3)).isEmpty)
        _ = soon.receive(.wake, at: begin)
        let judgedSoon = soon.receive(.fetched(duty, low), at: begin)
        #expect(!judgedSoon.work.contains("send prepare") && !judgedSoon.reports.isEmpty)

        var silent = try started()
        #expect(silent.receive(proposal(1), at: begin).isEmpty)
        #expect(silent.nextWake(after: begin) <= begin + .milliseconds(400))
        #expect(silent.receive(.wake, at: begin + .milliseconds(400)).work.contains("send prepare"))

        var early = try started()
        #expect(early.receive(proposal(0), at: begin).work.contains("send prepare"), "what is known needs no wait")
    }
}
