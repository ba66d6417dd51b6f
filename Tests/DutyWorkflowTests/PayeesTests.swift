import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// Node 0 of four; the block of validator 0 in slot 41 is led by node 3 first, then by node 0.
@Suite("Whom blocks pay")
struct PayeesTests {
    private let duty = Duty(slot: Slot(41), type: .proposer)
    private let begin = Instant.slot(41)
    private static let ours = Bytes20(padding: [7])
    private static let theirs = Bytes20(padding: [9])
    private static let reveal = Fixture.signature(3)

    private func configuration(nodes: Int = 4, usesBuilder: Bool = true) throws -> WorkflowConfiguration {
        var configuration = try Fixture.configuration(nodes: nodes)
        configuration.proposals.usesBuilder = usesBuilder
        configuration.proposals.feeRecipients = [Fixture.pubKey(0): Self.ours]
        return configuration
    }

    /// - Parameter number: makes blocks differ.
    private func block(pays address: Bytes20, isBlinded: Bool = false, number: UInt8 = 0) -> UnsignedDataSet {
        [Fixture.pubKey(0): .proposal(proposal(pays: address, isBlinded: isBlinded, number: number))]
    }

    private func proposal(pays address: Bytes20, isBlinded: Bool = false, number: UInt8 = 0) -> VersionedProposal {
        guard !isBlinded else {
            var block = BlindedBeaconBlock<Fulu>()
            block.slot = duty.slot
            block.proposerIndex = 100
            block.parentRoot = Fixture.root(number)
            block.body.randaoReveal = Self.reveal
            block.body.executionPayload.feeRecipient = address
            return VersionedProposal(block)
        }
        var contents = BlockContents<Fulu>()
        contents.block.slot = duty.slot
        contents.block.proposerIndex = 100
        contents.block.parentRoot = Fixture.root(number)
        contents.block.body.randaoReveal = Self.reveal
        contents.block.body.executionPayload.feeRecipient = address
        return VersionedProposal(contents)
    }

    // MARK: The rule

    @Test(
        "a full block that pays somebody else is refused in the first f rounds, if our own block pays as it should",
        arguments: [(4, 1), (7, 2), (10, 3), (13, 4), (3, 0), (1, 0)])
    func rounds(nodes: Int, faulty: Int64) throws {
        var payees = Payees(configuration: try configuration(nodes: nodes))
        let told = payees.learn(duty, block(pays: Self.ours))
        #expect(told.isEmpty)
        for round in 1...Int64(6) {
            let verdict = payees.judge(block(pays: Self.theirs), of: duty, round: round)
            if round <= faulty {
                guard case .bad(let why) = verdict else {
                    Issue.record("round \(round): \(verdict)")
                    continue
                }
                #expect(why.contains("0x0900"))
            } else {
                #expect(verdict == .good)
            }
            #expect(payees.judge(block(pays: Self.ours, number: 1), of: duty, round: round) == .good)
            #expect(payees.judge(block(pays: Self.theirs, isBlinded: true), of: duty, round: round) == .good)
        }
    }

    @Test("without builders a blinded block is refused in the first f rounds, if our own block is a full one that pays")
    func blindedWithoutBuilders() throws {
        let blinded = block(pays: Self.ours, isBlinded: true)
        for usesBuilder in [false, true] {
            var payees = Payees(configuration: try configuration(nodes: 7, usesBuilder: usesBuilder))
            #expect(payees.judge(blinded, of: duty, round: 1) == (usesBuilder ? .good : .open))
            _ = payees.learn(duty, block(pays: Self.ours))
            for round in Int64(1)...4 {
                switch payees.judge(blinded, of: duty, round: round) {
                case .bad(let why): #expect(!usesBuilder && round <= 2 && why.contains("--builder-api"))
                case let verdict: #expect(verdict == .good && (usesBuilder || round > 2))
                }
            }
        }
    }

    @Test("our own block decides: unknown it is waited for, wrong or blinded it proves nothing")
    func proof() throws {
        var payees = Payees(configuration: try configuration())
        let hostile = block(pays: Self.theirs)
        #expect(payees.judge(hostile, of: duty, round: 1) == .open)
        #expect(payees.judge(block(pays: Self.ours), of: duty, round: 1) == .good)
        let blinded = payees.learn(duty, block(pays: Self.ours, isBlinded: true))
        #expect(blinded.isEmpty)
        #expect(payees.judge(hostile, of: duty, round: 1) == .open)
        let told = payees.learn(duty, block(pays: Bytes20(padding: [1]))).tracked
        #expect(told == [.otherPayee(Fixture.pubKey(0), paid: Bytes20(padding: [1]), due: Self.ours)])
        #expect(payees.judge(hostile, of: duty, round: 1) == .open)
        let right = payees.learn(duty, block(pays: Self.ours))
        #expect(right.isEmpty)
        #expect(payees.judge(hostile, of: duty, round: 1) != .open)
        payees.expire(duty)
        #expect(payees.judge(hostile, of: duty, round: 1) == .open)
    }

    @Test("a new address counts from now on, and what was proven of the old one is forgotten")
    func change() throws {
        var payees = Payees(configuration: try configuration())
        _ = payees.learn(duty, block(pays: Self.ours))
        payees.replace([Fixture.pubKey(0): Self.ours])
        #expect(payees.judge(block(pays: Self.theirs), of: duty, round: 1) != .open, "nothing changed")
        payees.replace([Fixture.pubKey(0): Self.theirs])
        #expect(payees.judge(block(pays: Self.theirs), of: duty, round: 1) == .good)
        #expect(payees.judge(block(pays: Self.ours), of: duty, round: 1) == .open)
        payees.replace([:])
        #expect(payees.judge(block(pays: Self.ours), of: duty, round: 1) == .good, "nobody's address is known")
    }

    @Test("other duties are nobody's payment")
    func otherDuties() throws {
        var payees = Payees(configuration: try configuration())
        let votes = Fixture.unsigned([0], slot: 41, Fixture.data(slot: 41))
        let told = payees.learn(.attester(slot: Slot(41)), votes)
        #expect(told.isEmpty)
        #expect(payees.judge(votes, of: .attester(slot: Slot(41)), round: 1) == .good)
    }

    // MARK: In the workflow

    /// At the start of the duty, with the cluster's randao reveal: the beacon node is being asked.
    private func started(randaoKnown: Bool = true) throws -> Workflow {
        var workflow = try ready(randaoKnown: randaoKnown)
        let work = workflow.receive(.wake, at: begin).work
        #expect(work.contains("fetch 41/proposer") == randaoKnown)
        return workflow
    }

    /// In the slot before.
    private func ready(randaoKnown: Bool = true) throws -> Workflow {
        var workflow = Workflow(configuration: try configuration()) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
        var snapshot = JournalSnapshot()
        if randaoKnown {
            let reveal = SignedData.randao(SignedEpoch(epoch: 1, signature: Self.reveal))
            snapshot.aggregated = [Duty(slot: duty.slot, type: .randao): [Fixture.key(0): reveal]]
        }
        _ = workflow.restore(snapshot, at: .slot(40))
        var row = ProposerDuty()
        row.pubKey = Fixture.pubKey(0)
        row.slot = duty.slot
        row.validatorIndex = 100
        _ = workflow.receive(.wake, at: .slot(40))
        _ = workflow.receive(.dutiesResolved(Epoch(1), .proposer, [.proposer(row)]), at: .slot(40))
        return workflow
    }

    private func proposed(_ set: UnsignedDataSet, round: Int64 = 1) -> Event {
        let (leader, hash) = (round == 1 ? 3 : 1, set.valueHash())
        let message = QBFT.Message(.prePrepare, round: round, source: leader, value: hash, signature: [1])
        return .consensusMessage(ConsensusMessage(duty: duty, message: message, values: [hash: .duties(set)]))
    }

    private func ownBlock(pays address: Bytes20, isBlinded: Bool = false) -> Event {
        .fetched(duty, .proposal(proposal(pays: address, isBlinded: isBlinded, number: 5)))
    }

    @Test("a hostile leader's block waits for ours and gets no vote, and its operator is named")
    func hostile() throws {
        for randaoKnown in [true, false] {
            var workflow = try started(randaoKnown: randaoKnown)
            #expect(workflow.receive(proposed(block(pays: Self.theirs)), at: begin).work.isEmpty, "it waits")
            guard randaoKnown else { continue }
            let effects = workflow.receive(ownBlock(pays: Self.ours), at: begin + .milliseconds(300))
            #expect(!effects.work.contains("send prepare"))
            let faults = effects.reports.compactMap { if case .fault(_, let fault) = $0 { fault } else { nil } }
            #expect(faults.map(\.peer) == [PeerIndex(3)] && faults[0].description.contains("pays"))
        }
    }

    @Test("a block that comes before its slot gets no vote either")
    func early() throws {
        var workflow = try ready()
        #expect(workflow.receive(proposed(block(pays: Self.theirs)), at: begin - .seconds(1)).work.isEmpty)
        #expect(!workflow.receive(.wake, at: begin).work.contains("send prepare"))
        let effects = workflow.receive(ownBlock(pays: Self.ours), at: begin + .milliseconds(300))
        #expect(!effects.work.contains("send prepare") && !effects.reports.isEmpty)
    }

    @Test("a block that nobody has to propose takes no room")
    func undue() throws {
        var workflow = try ready()
        let held = workflow.heldBytes
        let other = Duty(slot: Slot(42), type: .proposer)
        guard case .consensusMessage(var message) = proposed(block(pays: Self.theirs)) else { return }
        message.duty = other
        _ = workflow.receive(.consensusMessage(message), at: begin - .seconds(1))
        #expect(workflow.heldBytes == held)
    }

    @Test("a block that pays as it should is voted for at once; so is any blinded one")
    func honest() throws {
        for honest in [block(pays: Self.ours), block(pays: Self.theirs, isBlinded: true)] {
            var workflow = try started()
            #expect(workflow.receive(proposed(honest), at: begin).work.contains("send prepare"))
        }
    }

    @Test("a beacon node that is silent, or does not know the address, holds nothing up for long")
    func liveness() throws {
        var silent = try started()
        #expect(silent.receive(proposed(block(pays: Self.theirs)), at: begin).work.isEmpty)
        #expect(silent.nextWake(after: begin) <= begin + .seconds(1))
        #expect(silent.receive(.wake, at: begin + .seconds(1)).work.contains("send prepare"))

        var ignorant = try started()
        #expect(ignorant.receive(proposed(block(pays: Self.theirs)), at: begin).work.isEmpty)
        let effects = ignorant.receive(ownBlock(pays: .zero), at: begin)
        #expect(effects.work.contains("send prepare"))
        let faults = effects.reports.compactMap { if case .fault(_, let fault) = $0 { fault } else { nil } }
        #expect(faults.map(\.kind) == [.feeRecipient], "the operator hears of it")

        var failing = try started()
        #expect(failing.receive(proposed(block(pays: Self.theirs)), at: begin).work.isEmpty)
        let failed = failing.receive(.fetchFailed(duty, Failure(reason: "no", isTemporary: true)), at: begin)
        #expect(failed.work.contains("send prepare"))
    }

    @Test("the address of an override counts as soon as it is told")
    func overridden() throws {
        var workflow = try started()
        _ = workflow.receive(.feeRecipients([Fixture.pubKey(0): Self.theirs]), at: begin)
        #expect(workflow.receive(proposed(block(pays: Self.theirs)), at: begin).work.contains("send prepare"))
    }

    @Test("what waits is charged to its leader, over all duties; what consensus has no room for does not wait")
    func large() {
        var held = HeldProposals()
        var bytes = HeldBytes(sources: 4, perSourceMax: 8 << 20)
        var small = ConsensusMessage(
            duty: duty, message: QBFT.Message(.prePrepare, round: 1, source: 3, value: .zero, signature: [1]),
            values: [:])
        let fits = held.hold(small, slotDuration: .seconds(12), from: begin, &bytes)
        #expect(fits)
        small.message.source = 2
        small.message.signature = [UInt8](repeating: 1, count: 9 << 20)
        let isOversizeHeld = held.hold(small, slotDuration: .seconds(12), from: begin, &bytes)
        #expect(!isOversizeHeld)
        let taken = held.take(duty, &bytes)
        #expect(taken.count == 1)

        func offer(_ source: Int, _ slot: UInt64) -> Bool {
            let message = QBFT.Message(
                .prePrepare, round: 1, source: source, value: .zero,
                signature: [UInt8](repeating: 1, count: 5 << 20))
            let duty = Duty(slot: Slot(slot), type: .proposer)
            let proposal = ConsensusMessage(duty: duty, message: message, values: [:])
            return held.hold(proposal, slotDuration: .seconds(12), from: .slot(slot), &bytes)
        }
        let waits = [offer(2, 50), offer(2, 51), offer(3, 51)]
        #expect(waits == [true, false, true])
        let due = held.due(at: .slot(50, plus: 2), &bytes)
        #expect(due.map(\.message.source) == [2])
        let later = [offer(2, 52), offer(2, 53)]
        #expect(later == [true, false])
    }

    @Test("no proposal passes unjudged because there is no room for it to wait")
    func noRoom() throws {
        var workflow = try started()
        workflow.consensus.held = HeldBytes(sources: 4, perSourceMax: 100)
        let effects = workflow.receive(proposed(block(pays: Self.theirs)), at: begin)
        #expect(effects.work.isEmpty && !effects.reports.isEmpty)
        #expect(!workflow.receive(.wake, at: begin + .seconds(1)).work.contains("send prepare"))
    }

    // MARK: Who aggregates

    @Test("who is selected is told as far as the cluster has signed it")
    func aggregators() throws {
        var configuration = try configuration()
        // With as many members as aggregators wanted, everybody is selected.
        configuration.spec.targetAggregatorsPerCommittee = 1 << 20
        var workflow = Workflow(configuration: configuration) { _, message in message }
        var snapshot = JournalSnapshot()
        let selection = SignedData.committeeSelection(
            BeaconCommitteeSelection(validatorIndex: 100, slot: Slot(41), selectionProof: Fixture.signature(1)))
        snapshot.aggregated = [Duty(slot: Slot(41), type: .prepareAggregator): [Fixture.key(0): selection]]
        _ = workflow.restore(snapshot, at: .slot(40))
        let rows = [Fixture.row(0, slot: 41), Fixture.row(1, slot: 41), Fixture.row(0, slot: 42)]
        let answers = workflow.receive(.query(Ticket(1), .aggregators(rows)), at: .slot(40)).answers
        #expect(answers == [.aggregators([true, nil, nil])])
    }
}
