import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// A validator client brings selection proofs and sync messages of a validator that has no such duty, in a slot where
/// another one has.
@Suite("what a validator client signs without a duty")
struct UndueLocalTests {
    private static let slot = Slot(40)
    private let now = Instant.slot(40, plus: 4)

    /// Of validator 100 + index.
    private static func objects(_ index: Int) -> [SignedData] {
        let validator = ValidatorIndex(UInt64(100 + index))
        return [
            .committeeSelection(BeaconCommitteeSelection(validatorIndex: validator, slot: slot, selectionProof: .zero)),
            .syncSelection(
                SyncCommitteeSelection(
                    validatorIndex: validator, slot: slot, subcommitteeIndex: 0, selectionProof: .zero)),
            .syncMessage(
                SyncCommitteeMessage(
                    slot: slot, beaconBlockRoot: Fixture.root(7), validatorIndex: validator, signature: .zero)),
        ]
    }

    /// Validator 0 attests in the slot and sits in the sync committee; validator 1 does neither.
    private func workflow(isTold: Bool = true) throws -> Workflow {
        var workflow = Workflow(configuration: try Fixture.configuration()) { _, message in message }
        _ = workflow.receive(.wake, at: now)
        guard isTold else { return workflow }
        var member = SyncDuty()
        member.pubKey = Fixture.pubKey(0)
        member.validatorIndex = 100
        member.validatorSyncCommitteeIndices = [3]
        let rows = [Fixture.row(0, slot: 40), Fixture.row(1, slot: 50)]
        _ = workflow.receive(.dutiesResolved(Epoch(1), .sync, [.sync(member)]), at: now)
        _ = workflow.receive(.dutiesResolved(Epoch(1), .attester, rows.map { .attester($0) }), at: now)
        return workflow
    }

    private func bring(_ index: Int, _ object: SignedData, to workflow: inout Workflow) -> [Effect] {
        let key = EntryKey(Fixture.pubKey(index), subcommittee: object.subcommittee)
        let partial = ParSignedData(
            data: object.with(signature: Fixture.signature(1)), shareIndex: Fixture.share(1))
        let own = LocalPartials(Duty(slot: Self.slot, type: object.dutyType), [key: partial])
        return workflow.receive(.localPartials([own], Ticket(1)), at: now)
    }

    @Test("is refused at once, and neither stored nor shared; who has the duty is served", arguments: 0..<3)
    func refused(kind: Int) throws {
        var workflow = try workflow()
        let object = Self.objects(1)[kind]
        let effects = bring(1, object, to: &workflow)
        #expect(effects.work == ["answer refused"])
        guard case .submitted(let verdicts)? = effects.answers.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(verdicts.first?.refusals.values.first?.contains("has no such duty in slot 40") == true)
        let served = bring(0, Self.objects(0)[kind], to: &workflow).work
        #expect(served.contains("share") && served.contains("answer submitted"))
    }

    @Test("is taken while nobody knows the duties, and while they are asked for again", arguments: 0..<3)
    func unknown(kind: Int) throws {
        var early = try workflow(isTold: false)
        #expect(bring(1, Self.objects(1)[kind], to: &early).work.contains("share"))
        var changing = try workflow()
        _ = changing.receive(.dutiesChanged([Epoch(1)]), at: now)
        #expect(bring(1, Self.objects(1)[kind], to: &changing).work.contains("share"))
    }
}
