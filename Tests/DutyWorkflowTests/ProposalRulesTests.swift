import Ethereum
import QBFT
import SSZ
import Testing

@testable import DutyWorkflow

/// The block of validator 0 in slot 41, which node 3 of four is the first to lead.
@Suite("what makes a block bad")
struct ProposalRulesTests {
    private let duty = Duty(slot: Slot(41), type: .proposer)
    private let begin = Instant.slot(41)
    private static let due = Bytes20(padding: [7])

    /// At the start of the duty, at the node that leads it unless told otherwise.
    private func started(
        peer: Int = 3, usesBuilder: Bool = false
    ) throws -> (workflow: Workflow, effects: [Effect]) {
        var configuration = try Fixture.configuration(peer: peer)
        configuration.proposals.usesBuilder = usesBuilder
        configuration.proposals.feeRecipients = [Fixture.pubKey(0): Self.due]
        var workflow = Workflow(configuration: configuration) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
        var snapshot = JournalSnapshot()
        let reveal = SignedData.randao(SignedEpoch(epoch: 1, signature: Fixture.signature(3)))
        snapshot.aggregated = [Duty(slot: duty.slot, type: .randao): [Fixture.key(0): reveal]]
        _ = workflow.restore(snapshot, at: .slot(40))
        var row = ProposerDuty()
        row.pubKey = Fixture.pubKey(0)
        row.slot = duty.slot
        row.validatorIndex = 100
        _ = workflow.receive(.wake, at: .slot(40))
        _ = workflow.receive(.dutiesResolved(Epoch(1), .proposer, [.proposer(row)]), at: .slot(40))
        let effects = workflow.receive(.wake, at: begin)
        return (workflow, effects)
    }

    private func block(_ change: (inout FullBeaconBlock<Fulu>) -> Void = { _ in }) -> VersionedProposal {
        var contents = BlockContents<Fulu>()
        contents.block.slot = duty.slot
        contents.block.proposerIndex = 100
        contents.block.body.randaoReveal = Fixture.signature(3)
        contents.block.body.executionPayload.feeRecipient = Self.due
        change(&contents.block)
        return VersionedProposal(contents)
    }

    private func fetched(_ block: VersionedProposal) -> Event { .fetched(duty, .proposal(block)) }

    private func requests(_ effects: [Effect]) -> [ProposalRequest] {
        effects.compactMap { if case .fetch(duty, .proposal(let request)) = $0 { request } else { nil } }
    }

    @Test("who asks says whose block it is, and whom it should pay from now on")
    func request() throws {
        var (workflow, effects) = try started()
        let request = try #require(requests(effects).first)
        #expect(request.proposer == 100 && request.feeRecipient == Self.due)
        _ = workflow.receive(.feeRecipients([Fixture.pubKey(0): Bytes20(padding: [9])]), at: begin)
        _ = workflow.receive(.fetchFailed(duty, Failure(reason: "503", isTemporary: true)), at: begin)
        effects = workflow.receive(.wake, at: begin + .seconds(2))
        #expect(requests(effects).map { $0.feeRecipient } == [Bytes20(padding: [9])])
    }

    @Test("a block that nobody may sign is not proposed: another is asked for, and that one is")
    func bad() throws {
        let all: [(VersionedProposal, String)] = [
            (block { $0.proposerIndex = 101 }, "a block of proposer 101"),
            (block { $0.slot = Slot(42) }, "a block of slot 42"),
            (block { $0.body.randaoReveal = .zero }, "a block with another randao reveal than the cluster's"),
        ]
        // In the first round still.
        let again = begin + .milliseconds(400)
        for (bad, why) in all {
            var (workflow, _) = try started()
            let refused = workflow.receive(fetched(bad), at: begin)
            #expect(refused.work.isEmpty)
            let details = refused.reports.compactMap { report in
                if case .retrying(duty, step: .fetcher, detail: let detail) = report { detail } else { nil }
            }
            #expect(details == [why])
            #expect(requests(workflow.receive(.wake, at: again)).count == 1)
            let proposed = workflow.receive(fetched(block()), at: again)
            #expect(proposed.work.contains("send prePrepare"))
            #expect(requests(workflow.receive(.wake, at: begin + .seconds(9))).isEmpty, "one block is enough")
        }
    }

    @Test("a builder's block that nobody asked for is proposed, and told", arguments: [false, true])
    func builder(usesBuilder: Bool) throws {
        var (workflow, _) = try started(usesBuilder: usesBuilder)
        var block = BlindedBeaconBlock<Fulu>()
        block.slot = duty.slot
        block.proposerIndex = 100
        block.body.randaoReveal = Fixture.signature(3)
        let effects = workflow.receive(fetched(VersionedProposal(block)), at: begin)
        #expect(effects.work.contains("send prePrepare"))
        let faults = effects.reports.compactMap { if case .fault(_, let fault) = $0 { fault.kind } else { nil } }
        #expect(faults == (usesBuilder ? [] : [.unwantedBuilder]))
    }

    @Test("a leader's block with another randao reveal gets no vote: no beacon node would take it")
    func otherReveal() throws {
        for (proposal, isGood) in [(block(), true), (block { $0.body.randaoReveal = .zero }, false)] {
            var (workflow, _) = try started(peer: 0)
            let set: UnsignedDataSet = [Fixture.pubKey(0): .proposal(proposal)]
            let message = QBFT.Message(.prePrepare, round: 1, source: 3, value: set.valueHash(), signature: [1])
            let effects = workflow.receive(
                .consensusMessage(
                    ConsensusMessage(duty: duty, message: message, values: [set.valueHash(): .duties(set)])), at: begin)
            #expect(effects.work.contains("send prepare") == isGood)
            let faults = effects.reports.compactMap { if case .fault(_, let fault) = $0 { fault } else { nil } }
            #expect(faults.map(\.peer) == (isGood ? [] : [PeerIndex(3)]))
            #expect(faults.allSatisfy { $0.description.contains("randao reveal") })
        }
    }
}
