import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// What is fetched for depends on the cluster's own signatures.
@Suite("Fetching what only some are selected for")
struct SelectionFetchTests {
    private let slot = Slot(40)
    private var aggregation: Duty { Duty(slot: slot, type: .aggregator) }
    private var contribution: Duty { Duty(slot: slot, type: .syncContribution) }
    private let head = Fixture.root(7)

    /// With as many members as aggregators wanted, everybody is selected.
    private func configuration() throws -> WorkflowConfiguration {
        var configuration = try Fixture.configuration()
        configuration.spec.targetAggregatorsPerCommittee = 1 << 20
        configuration.spec.targetAggregatorsPerSyncSubcommittee = 1 << 20
        return configuration
    }

    private func sources(_ configuration: WorkflowConfiguration, _ signed: [SignedData]) throws -> FetchSources {
        var signatures = AggSigDB()
        for data in signed {
            let key = EntryKey(Fixture.pubKey(0), subcommittee: data.subcommittee)
            _ = signatures.store(Duty(slot: slot, type: data.dutyType), [key: data])
        }
        var decided = DutyDB(configuration: configuration)
        let data = Fixture.data(slot: slot.rawValue)
        _ = decided.store(
            .attester(slot: slot), Fixture.unsigned([0, 1], slot: slot.rawValue, data), definitions: nil)
        return FetchSources(
            signatures: signatures, decided: decided, infoSync: InfoSync(configuration: configuration) { $0 })
    }

    private func proof(_ subcommittee: UInt64) -> SignedData {
        .syncSelection(
            SyncCommitteeSelection(
                validatorIndex: 100, slot: slot, subcommitteeIndex: subcommittee,
                selectionProof: Fixture.signature(1)))
    }

    private var vote: SignedData {
        .syncMessage(
            SyncCommitteeMessage(
                slot: slot, beaconBlockRoot: head, validatorIndex: 100, signature: Fixture.signature(2)))
    }

    private func member() -> DutyDefinitionSet {
        var row = SyncDuty()
        row.pubKey = Fixture.pubKey(0)
        row.validatorIndex = 100
        row.validatorSyncCommitteeIndices = [3, 200]
        return [row.pubKey: .sync(row)]
    }

    private func requests(_ signals: [Signal]) -> [FetchRequest] {
        signals.effects.compactMap { if case .fetch(_, let request) = $0 { request } else { nil } }
    }

    @Test("who is late is waited for a twelfth of a slot, then the others go ahead")
    func patience() throws {
        let configuration = try configuration()
        var fetcher = Fetcher(configuration: configuration)
        let selection = SignedData.committeeSelection(
            BeaconCommitteeSelection(validatorIndex: 100, slot: slot, selectionProof: Fixture.signature(1)))
        let known = try sources(configuration, [selection])
        let rows = Fixture.definitions([Fixture.row(0, slot: 40), Fixture.row(1, slot: 40)])
        #expect(requests(fetcher.fetch(aggregation, rows, from: known, at: .slot(40, plus: 8))).isEmpty)
        #expect(fetcher.nextWake(after: .slot(40, plus: 8)) == .slot(40, plus: 9))
        let root = Fixture.data(slot: 40).hashTreeRoot()
        #expect(
            requests(fetcher.wake(from: known, at: .slot(40, plus: 9)))
                == [.aggregates([AggregateRequest(dataRoot: root, committee: 0)])])
    }

    @Test("a contribution asked for is proposed, whatever proof came meanwhile")
    func meanwhile() throws {
        let configuration = try configuration()
        var fetcher = Fetcher(configuration: configuration)
        let before = try sources(configuration, [vote, proof(1)])
        _ = fetcher.fetch(contribution, member(), from: before, at: .slot(40, plus: 8))
        let request = ContributionRequest(subcommittee: 1, blockRoot: head)
        #expect(requests(fetcher.wake(from: before, at: .slot(40, plus: 9))) == [.contributions([request])])
        let value = SyncCommitteeContribution(
            slot: slot, beaconBlockRoot: head, subcommitteeIndex: 1,
            aggregationBits: Bitvector(count: 128, setting: [1]), signature: .zero)
        let after = try sources(configuration, [vote, proof(0), proof(1)])
        let signals = fetcher.received(
            contribution, .contributions([request: value]), from: after, at: .slot(40, plus: 9.5))
        guard case .fetched(contribution, let set)? = signals.last else {
            Issue.record("\(signals)")
            return
        }
        #expect(set == [Fixture.pubKey(0): .contributions(Contributions(value))])
    }

    @Test("a block is not asked for again behind old votes")
    func blockFirst() throws {
        let configuration = try configuration()
        var fetcher = Fetcher(configuration: configuration)
        let reveal = SignedData.randao(SignedEpoch(epoch: 1, signature: Fixture.signature(3)))
        let known = try sources(configuration, [reveal])
        let vote = Duty.attester(slot: Slot(39))
        _ = fetcher.fetch(vote, Fixture.definitions([Fixture.row(0, slot: 39)]), from: known, at: .slot(39, plus: 4))
        _ = fetcher.failed(vote, Failure(reason: "503", isTemporary: true), .slot(39, plus: 4))
        // The vote's retry is out and stays unanswered.
        #expect(requests(fetcher.wake(from: known, at: .slot(40))).count == 1)
        var row = ProposerDuty()
        row.pubKey = Fixture.pubKey(0)
        row.slot = slot
        let block = Duty(slot: slot, type: .proposer)
        _ = fetcher.fetch(block, [row.pubKey: .proposer(row)], from: known, at: .slot(40))
        _ = fetcher.failed(block, Failure(reason: "503", isTemporary: true), .slot(40))
        let next = try #require(fetcher.nextWake(after: .slot(40)))
        #expect(requests(fetcher.wake(from: known, at: next)).count == 1)
    }

    @Test("what was decided before its rows were known is signed when they come")
    func lateRows() throws {
        var configuration = try configuration()
        configuration.signs = true
        var workflow = Workflow(configuration: configuration) { _, message in message }
        let selection = SignedData.committeeSelection(
            BeaconCommitteeSelection(validatorIndex: 100, slot: slot, selectionProof: Fixture.signature(1)))
        var snapshot = JournalSnapshot()
        snapshot.aggregated[Duty(slot: slot, type: .prepareAggregator)] = [Fixture.key(0): selection]
        let attestation = AttestationElectra(
            aggregationBits: Bitlist(count: 64, setting: [1]), data: Fixture.data(slot: 40), signature: .zero,
            committeeBits: Bitvector(count: 64, setting: [0]))
        let aggregate = try VersionedAttestation(fork: .fulu, form: .electra(attestation))
        snapshot.unsigned[aggregation] = [Fixture.pubKey(0): .aggregate(aggregate)]
        #expect(!workflow.restore(snapshot, at: .slot(40, plus: 8.5)).map(\.name).contains("sign"))
        _ = workflow.receive(.wake, at: .slot(40, plus: 8.5))
        let effects = workflow.receive(
            .dutiesResolved(Epoch(1), .attester, [.attester(Fixture.row(0, slot: 40))]), at: .slot(40, plus: 9))
        let signed = effects.compactMap { effect -> SignedDataSet? in
            if case .sign(aggregation, let objects) = effect { objects } else { nil }
        }
        #expect(signed.map(\.keys.count) == [1])
    }
}
