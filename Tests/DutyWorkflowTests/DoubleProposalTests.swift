import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// Node 0 of four; the cluster decided the block of validator 0 in slot 41.
@Suite("two blocks of one slot")
struct DoubleProposalTests {
    private let duty = Duty(slot: Slot(41), type: .proposer)
    private let now = Instant.slot(41, plus: 1)
    private let key = Fixture.key(0)

    private func full(graffiti: UInt8 = 1) -> VersionedProposal {
        var contents = BlockContents<Fulu>()
        contents.block.slot = duty.slot
        contents.block.body.graffiti = Bytes32(padding: [graffiti])
        return VersionedProposal(contents)
    }

    /// The same block with its payload, which is empty, as roots.
    private func blinded() throws -> VersionedProposal {
        var block = BlindedBeaconBlock<Fulu>()
        block.slot = duty.slot
        block.body.graffiti = Bytes32(padding: [1])
        block.body.executionPayload.execution.transactionsRoot = try Root(
            hex: "0x7ffe241ea60187fdb0187bfa22de35d1f9bed7ab061d9401fd47e34a54fbede1")
        block.body.executionPayload.execution.withdrawalsRoot = try Root(
            hex: "0x792930bbd5baac43bcc798ee49aa8185ef76bb3b44ba62b91d86ae569e4bb535")
        return VersionedProposal(block)
    }

    private func share(of block: VersionedProposal) -> ParSignedDataSet {
        let data = SignedData.proposal(block.signed(with: Fixture.signature(1)))
        return [key: ParSignedData(data: data, shareIndex: Fixture.share(1))]
    }

    private func workflow(_ journal: JournalSnapshot) throws -> Workflow {
        var workflow = Workflow(configuration: try Fixture.configuration()) { _, message in message }
        _ = workflow.restore(journal.live { _ in true }, at: now)
        return workflow
    }

    private func submit(_ block: VersionedProposal, to workflow: inout Workflow) -> [Effect] {
        workflow.receive(.localPartials([LocalPartials(duty, share(of: block))], Ticket(1)), at: now)
    }

    private func decided(_ block: VersionedProposal) throws -> JournalSnapshot {
        var journal = JournalSnapshot()
        try journal.apply(.unsigned(duty, [key.pubKey: .proposal(block)]))
        return journal
    }

    @Test("both forms of a block have one root")
    func forms() throws { #expect(try full().messageRoot == blinded().messageRoot) }

    @Test(
        "another block, and the other form of the same, are refused, before a restart and after",
        arguments: [false, true])
    func refused(isBlinded: Bool) throws {
        let (own, otherForm) = isBlinded ? (try blinded(), full()) : (full(), try blinded())
        var journal = try decided(own)
        var workflow = try workflow(journal)
        for other in [otherForm, full(graffiti: 2)] {
            #expect(submit(other, to: &workflow).work == ["answer refused"], "nothing was signed yet")
        }
        let signed = submit(own, to: &workflow)
        #expect(signed.work == ["persist block watermark", "persist partials internal", "share", "answer submitted"])
        for record in signed.records { try journal.apply(record) }
        var restarted = try self.workflow(journal)
        for other in [otherForm, full(graffiti: 2)] {
            #expect(submit(other, to: &workflow).work == ["answer refused"])
            #expect(submit(other, to: &restarted).work == ["answer refused"])
        }
        #expect(submit(own, to: &restarted).work == ["answer submitted"], "the same again is no second one")
    }

    @Test(
        "what was signed bars other blocks of the slot though the decision is gone, or names another",
        arguments: [true, false])
    func watermark(knowsShare: Bool) throws {
        var journal = JournalSnapshot()
        let mark = ProposalWatermark(slot: duty.slot, root: full().messageRoot)
        if knowsShare {
            try journal.apply(.partials(duty, share(of: full()), .internal))
        } else {
            try journal.apply(.proposalWatermark(key.pubKey, mark))
        }
        try journal.apply(.unsigned(duty, [key.pubKey: .proposal(full(graffiti: 2))]))
        var workflow = try workflow(journal)
        #expect(submit(full(graffiti: 2), to: &workflow).work == ["answer refused"])
        // The disk is the last to say no.
        #expect(throws: JournalConflict.self) {
            try journal.apply(.proposalWatermark(key.pubKey, ProposalWatermark(slot: duty.slot, root: Fixture.root(9))))
            try journal.apply(.partials(duty, share(of: full(graffiti: 2)), .internal))
        }
    }
}
