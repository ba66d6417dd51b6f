import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// A validator client asks for an aggregate or a contribution that nobody of the cluster is selected to make.
@Suite("values that nobody will make")
struct AbsentValueTests {
    private let slot = Slot(40)
    private let now = Instant.slot(40, plus: 8)
    private let head = Fixture.root(7)
    private var proofs: Duty { Duty(slot: slot, type: .prepareSyncContribution) }

    /// Validator 0 sits in subcommittees 0 and 1 and attests in committee 0.
    ///
    /// - Parameter isSelected: whether the proof used here selects; one in 128, or in 64, does.
    private func workflow(isSelected: Bool) throws -> Workflow {
        var configuration = try Fixture.configuration()
        configuration.spec.targetAggregatorsPerCommittee = isSelected ? 1 << 20 : 1
        configuration.spec.targetAggregatorsPerSyncSubcommittee = isSelected ? 1 << 20 : 1
        var workflow = Workflow(configuration: configuration) { _, message in message }
        var row = SyncDuty()
        row.pubKey = Fixture.pubKey(0)
        row.validatorIndex = 100
        row.validatorSyncCommitteeIndices = [3, 200]
        _ = workflow.receive(.wake, at: now)
        _ = workflow.receive(.dutiesResolved(Epoch(1), .sync, [.sync(row)]), at: now)
        _ = workflow.receive(
            .dutiesResolved(Epoch(1), .attester, [.attester(Fixture.row(0, slot: 40))]), at: now)
        return workflow
    }

    /// The cluster signs: three operators' shares, combined.
    private func sign(_ objects: [SignedData], _ workflow: inout Workflow) -> [Effect] {
        objects.flatMap { object -> [Effect] in
            let duty = Duty(slot: slot, type: object.dutyType)
            let key = EntryKey(Fixture.pubKey(0), subcommittee: object.subcommittee)
            var effects: [Effect] = []
            for share in 2...4 {
                let partial = ParSignedData(
                    data: object.with(signature: Fixture.signature(UInt8(share))), shareIndex: Fixture.share(share))
                effects += workflow.receive(.peerPartials(duty, [key: partial]), at: now)
            }
            guard effects.work.contains("recover") else {
                Issue.record("\(effects.map(\.name))")
                return effects
            }
            let recovered = Recovery.signature(Fixture.groupSignature)
            return effects + workflow.receive(.recovered(duty, [key: recovered]), at: now)
        }
    }

    private func proof(_ subcommittee: UInt64) -> SignedData {
        .syncSelection(
            SyncCommitteeSelection(
                validatorIndex: 100, slot: slot, subcommitteeIndex: subcommittee, selectionProof: .zero))
    }

    private var vote: SignedData {
        .syncMessage(
            SyncCommitteeMessage(slot: slot, beaconBlockRoot: head, validatorIndex: 100, signature: .zero))
    }

    private var selection: SignedData {
        .committeeSelection(
            BeaconCommitteeSelection(validatorIndex: 100, slot: slot, selectionProof: .zero))
    }

    private func ask(_ selector: ValueSelector, _ workflow: inout Workflow) -> [String] {
        workflow.receive(.query(Ticket(1), .decided(selector)), at: now).work
    }

    private func contribution(_ subcommittee: UInt64, _ root: Root? = nil) -> ValueSelector {
        .contribution(slot, subcommittee: subcommittee, blockRoot: root ?? head)
    }

    @Test("a contribution of a subcommittee without members is refused at once; one with members is waited for")
    func members() throws {
        var workflow = try workflow(isSelected: false)
        let (empty, seated) = (ask(contribution(2), &workflow), ask(contribution(1), &workflow))
        #expect(empty == ["answer absent"])
        #expect(seated.isEmpty, "its proof may select")
    }

    @Test("once the proofs are there and select nobody, who asks and who waits learns it")
    func nobodySelected() throws {
        var workflow = try workflow(isSelected: false)
        let early = ask(contribution(1), &workflow)
        let (other, own) = (sign([proof(0)], &workflow).work, sign([proof(1)], &workflow).work)
        let late = ask(contribution(1), &workflow)
        #expect(early.isEmpty)
        #expect(!other.contains("answer absent"), "of the other subcommittee")
        #expect(own.contains("answer absent"))
        #expect(late == ["answer absent"])
    }

    @Test("who is selected is waited for, but only for the head that the cluster voted for")
    func selected() throws {
        var workflow = try workflow(isSelected: true)
        _ = sign([proof(0), proof(1)], &workflow)
        let early = ask(contribution(1, Fixture.root(8)), &workflow)
        let told = sign([vote], &workflow).work
        let right = ask(contribution(1), &workflow)
        let wrong = ask(contribution(1, Fixture.root(8)), &workflow)
        #expect(early.isEmpty, "the vote may be for it")
        #expect(told.contains("answer absent"))
        #expect(right.isEmpty)
        #expect(wrong == ["answer absent"])
    }

    @Test("the same for aggregates", arguments: [false, true])
    func aggregates(isSelected: Bool) throws {
        var workflow = try workflow(isSelected: isSelected)
        let root = Fixture.data(slot: 40).hashTreeRoot()
        let other = ask(.aggregate(slot, dataRoot: root, 3), &workflow)
        let early = ask(.aggregate(slot, dataRoot: root, 0), &workflow)
        let told = sign([selection], &workflow).work
        let late = ask(.aggregate(slot, dataRoot: root, 0), &workflow)
        #expect(other == ["answer absent"], "another committee")
        #expect(early.isEmpty)
        #expect(told.contains("answer absent") != isSelected)
        #expect(late.isEmpty == isSelected)
    }
}
