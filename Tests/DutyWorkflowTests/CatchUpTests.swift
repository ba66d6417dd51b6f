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
