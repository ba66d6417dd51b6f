import Ethereum
import Testing

@testable import DutyWorkflow

@Suite("catching up")
struct CatchUpTests {
    private let slot: UInt64 = 40
    private let peer = PeerIndex(2)

    private func partial(_ share: Int, _ data: SignedData) throws -> ParSignedData {
        ParSignedData(data: data, shareIndex: Fixture.share(share))
    }

    private func selection(_ slot: UInt64) -> SignedData {
        .committeeSelection(
            BeaconCommitteeSelection(
                validatorIndex: ValidatorIndex(1), slot: Slot(slot), selectionProof: Fixture.signature(1)))
    }

    /// One that signed selections of three slots.
    private func workflow() throws -> Workflow {
        var workflow = Workflow(configuration: try Fixture.configuration(), seal: { $1 })
        for slot in [slot, slot + 1, slot + 9] {
            let duty = Duty(slot: Slot(slot), type: .prepareAggregator)
            let set = [Fixture.key(0): try partial(1, selection(slot))]
            _ = workflow.receive(.localPartials([LocalPartials(duty, set)], nil), at: Instant.slot(self.slot))
        }
        return workflow
    }

    @Test("a peer that connects gets our shares of this slot and later ones, the next first")
    func connected() throws {
        var workflow = try workflow()
        let effects = workflow.receive(.peerConnected(peer), at: Instant.slot(slot + 1))
        #expect(effects.again.map(\.peer) == [peer, peer])
        #expect(effects.again.map(\.duty.slot) == [Slot(slot + 1), Slot(slot + 9)])
        #expect(effects.again.allSatisfy { $0.set[Fixture.key(0)]?.shareIndex == Fixture.share(1) })
    }

    @Test("one that comes and goes gets them once a slot")
    func flapping() throws {
        var workflow = try workflow()
        let start = Instant.slot(slot)
        #expect(workflow.receive(.peerConnected(peer), at: start).again.count == 3)
        for second in 1...11 {
            #expect(workflow.receive(.peerConnected(peer), at: start + .seconds(second)).again.isEmpty)
        }
        #expect(workflow.nextWake(after: start + .seconds(11)) <= Instant.slot(slot + 1))
        #expect(workflow.receive(.wake, at: Instant.slot(slot + 1)).again.count == 2)
        #expect(workflow.receive(.wake, at: Instant.slot(slot + 2)).again.isEmpty)
    }

    @Test("a clock that steps back holds nobody off")
    func clockStepsBack() throws {
        var workflow = try workflow()
        _ = workflow.receive(.peerConnected(peer), at: Instant.slot(slot + 100))
        #expect(!workflow.receive(.peerConnected(peer), at: Instant.slot(slot)).again.isEmpty)
    }

    @Test("votes of earlier slots that no quorum has signed here go again too, as long as the chain takes them")
    func late() throws {
        let duty = Duty.attester(slot: Slot(slot))
        var journal = JournalSnapshot()
        try journal.apply(.unsigned(duty, Fixture.unsigned([0], slot: slot, Fixture.data(slot: slot))))
        for isComplete in [false, true] {
            var workflow = Workflow(configuration: try Fixture.configuration(), seal: { $1 })
            _ = workflow.restore(journal, at: .slot(slot))
            for share in 1...(isComplete ? 3 : 2) {
                let set = try Fixture.partials([0], share: share, data: Fixture.data(slot: slot))
                _ = workflow.receive(
                    share == 1 ? .localPartials([LocalPartials(duty, set)], nil) : .peerPartials(duty, set),
                    at: .slot(slot, plus: 5))
            }
            let again = workflow.receive(.peerConnected(peer), at: .slot(slot + 9)).again
            #expect(again.map(\.duty) == (isComplete ? [] : [duty]))
            _ = workflow.receive(.wake, at: .slot(slot + 40))
            #expect(workflow.receive(.peerConnected(peer), at: .slot(slot + 40)).again.isEmpty)
        }
    }

    @Test("a peer is shown what is here under its own index, so that it learns of its twin; blocks and reveals not")
    func twin() throws {
        var workflow = Workflow(configuration: try Fixture.configuration(), seal: { $1 })
        // Each validator votes once an epoch.
        let votes = [slot - 1, slot, slot + 1].map { Duty.attester(slot: Slot($0)) }
        for (validator, duty) in votes.enumerated() {
            let set = try Fixture.partials([validator], share: 3, data: Fixture.data(slot: duty.slot.rawValue))
            _ = workflow.receive(.peerPartials(duty, set), at: .slot(duty.slot.rawValue, plus: 5))
        }
        let now = Instant.slot(slot + 1, plus: 6)
        let reveal = Duty(slot: Slot(slot + 1), type: .randao)
        _ = workflow.receive(
            .peerPartials(
                reveal, [Fixture.key(0): try partial(3, .randao(SignedEpoch(epoch: 1, signature: .zero)))]), at: now)
        _ = workflow.receive(Fixture.proposer(slot: slot + 1), at: .slot(slot))
        var contents = BlockContents<Fulu>()
        contents.block.slot = Slot(slot + 1)
        contents.block.body.executionPayload.execution.transactions = [[UInt8](repeating: 1, count: 4096)]
        let block = SignedData.proposal(VersionedProposal(contents).signed(with: .zero))
        let kept = workflow.receive(
            .peerPartials(Duty(slot: Slot(slot + 1), type: .proposer), [Fixture.key(0): try partial(3, block)]),
            at: .slot(slot + 1, plus: 1))
        #expect(kept.work == ["note partials broadcasted"])
        let shown = workflow.receive(.peerConnected(peer), at: now).again
        #expect(shown.map(\.duty) == Array(votes.dropFirst()))
        #expect(shown.flatMap(\.set.values).allSatisfy { $0.shareIndex == Fixture.share(3) })
        #expect(shown.flatMap(\.set.values).allSatisfy { $0.data.signature == Fixture.signature(3) })
        #expect(workflow.receive(.peerConnected(PeerIndex(1)), at: now).again.isEmpty)
    }

    @Test("no operator, and ourselves, are sent nothing", arguments: [0, 4, 255])
    func strangers(index: Int) throws {
        var workflow = try workflow()
        #expect(workflow.receive(.peerConnected(PeerIndex(index)), at: Instant.slot(slot)).again.isEmpty)
    }
}

extension [Effect] {
    fileprivate var again: [(peer: PeerIndex, duty: Duty, set: ParSignedDataSet)] {
        compactMap { if case .shareWithPeer(let peer, let duty, let set) = $0 { (peer, duty, set) } else { nil } }
    }
}
