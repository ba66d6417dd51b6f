import Ethereum
import SSZ
import Testing

@testable import DutyWorkflow

/// Validator 0 sits in subcommittees 0 and 1, and is selected for both. Whether nodes exchange its contributions as a list
/// info-sync has decided (v1.11.md §3, §12.2).
@Suite("contributions of two subcommittees")
struct ContributionListTests {
    private let slot = Slot(40)
    private let now = Instant.slot(40, plus: 8.5)
    private let head = Fixture.root(7)
    private var contribution: Duty { Duty(slot: slot, type: .syncContribution) }
    private var keys: [EntryKey] { [0, 1].map { EntryKey(Fixture.pubKey(0), subcommittee: $0) } }

    /// With as many members as aggregators wanted, everybody is selected.
    private func configuration() throws -> WorkflowConfiguration {
        var configuration = try Fixture.configuration(signs: true)
        configuration.spec.targetAggregatorsPerSyncSubcommittee = 1 << 20
        configuration.infoSync = Self.setup(["v1.11", "v1.10"])
        return configuration
    }

    private static func setup(_ versions: [String]) -> InfoSyncConfiguration {
        InfoSyncConfiguration(
            peerIDs: (0..<4).map { "peer-\($0)" }, versions: versions, protocols: ["/charon/consensus/qbft/2.0.0"])
    }

    private var row: SyncDuty {
        var row = SyncDuty()
        row.pubKey = Fixture.pubKey(0)
        row.validatorIndex = 100
        row.validatorSyncCommitteeIndices = [3, 200]
        return row
    }

    private func proof(_ subcommittee: UInt64) -> SignedData {
        .syncSelection(
            SyncCommitteeSelection(
                validatorIndex: 100, slot: slot, subcommitteeIndex: subcommittee,
                selectionProof: Fixture.signature(UInt8(subcommittee) + 1)))
    }

    private var vote: SignedData {
        .syncMessage(
            SyncCommitteeMessage(
                slot: slot, beaconBlockRoot: head, validatorIndex: 100, signature: Fixture.signature(2)))
    }

    private func value(_ subcommittee: UInt64) -> SyncCommitteeContribution {
        SyncCommitteeContribution(
            slot: slot, beaconBlockRoot: head, subcommitteeIndex: subcommittee,
            aggregationBits: Bitvector(count: 128, setting: [1]), signature: .zero)
    }

    private func contributions(isList: Bool) throws -> Contributions {
        isList ? try #require(Contributions(list: [value(0), value(1)])) : Contributions(value(0))
    }

    /// What info-sync decided in the last slot of the epoch before, when so many of three nodes named v1.11.
    private func infoSync(new: Int, _ configuration: WorkflowConfiguration) throws -> InfoSync {
        let duty = Duty(slot: Slot(31), type: .infoSync)
        let messages = (0..<3).map { peer -> PriorityMessage in
            let setup = Self.setup(peer < new ? ["v1.11", "v1.10"] : ["v1.10"])
            var message = PriorityMessage(duty: duty, topics: setup.topics, peerID: "peer-\(peer)")
            message.signature = [9]
            return message
        }
        var infoSync = InfoSync(configuration: configuration) { $0 }
        _ = infoSync.decided(duty, try PriorityResult(of: messages, threshold: 3))
        return infoSync
    }

    @Test(
        "are asked for and proposed together once info-sync has decided that lists are spoken, else the lowest alone",
        arguments: [(3, true), (2, false)])
    func proposed(new: Int, isList: Bool) throws {
        let configuration = try configuration()
        var signatures = AggSigDB()
        _ = signatures.store(
            Duty(slot: slot, type: .prepareSyncContribution), [keys[0]: proof(0), keys[1]: proof(1)])
        _ = signatures.store(Duty(slot: slot, type: .syncMessage), [Fixture.key(0): vote])
        let sources = FetchSources(
            signatures: signatures, decided: DutyDB(configuration: configuration),
            infoSync: try infoSync(new: new, configuration))
        var fetcher = Fetcher(configuration: configuration)
        let asked = fetcher.fetch(contribution, [row.pubKey: .sync(row)], from: sources, at: now).effects.compactMap {
            effect -> FetchRequest? in
            if case .fetch(_, let request) = effect { request } else { nil }
        }
        let requests = (isList ? [0, 1] : [0]).map { ContributionRequest(subcommittee: $0, blockRoot: head) }
        #expect(asked == [.contributions(requests)])
        let answer = Dictionary(uniqueKeysWithValues: requests.map { ($0, value($0.subcommittee)) })
        let signals = fetcher.received(contribution, .contributions(answer), from: sources, at: now)
        guard case .fetched(contribution, let set)? = signals.last else {
            Issue.record("\(signals)")
            return
        }
        let expected = UnsignedData.contributions(try contributions(isList: isList))
        #expect(set == [row.pubKey: expected])
        // Peers read the same out of what is exchanged.
        let read = try UnsignedData(wire: expected.wireBytes(), type: .syncContribution)
        #expect(read == expected)
    }

    /// A node that has the cluster's proofs and what it decided.
    private func workflow(isList: Bool) throws -> (workflow: Workflow, snapshot: JournalSnapshot) {
        var snapshot = JournalSnapshot()
        snapshot.aggregated[Duty(slot: slot, type: .prepareSyncContribution)] = [keys[0]: proof(0), keys[1]: proof(1)]
        snapshot.aggregated[Duty(slot: slot, type: .syncMessage)] = [Fixture.key(0): vote]
        snapshot.unsigned[contribution] = [row.pubKey: .contributions(try contributions(isList: isList))]
        return (Workflow(configuration: try configuration()) { _, message in message }, snapshot)
    }

    private func start(_ workflow: inout Workflow, _ snapshot: JournalSnapshot) -> [Effect] {
        workflow.restore(snapshot, at: now) + workflow.receive(.wake, at: now)
            + workflow.receive(.dutiesResolved(Epoch(1), .sync, [.sync(row)]), at: now)
    }

    private func partials(_ objects: SignedDataSet, share: Int) -> ParSignedDataSet {
        objects.mapValues {
            ParSignedData(data: $0.with(signature: Fixture.signature(UInt8(share))), shareIndex: Fixture.share(share))
        }
    }

    private func shared(_ effects: [Effect]) -> Set<EntryKey> {
        var keys: Set<EntryKey> = []
        for case .shareWithPeers(contribution, let set) in effects { keys.formUnion(set.keys) }
        return keys
    }

    @Test(
        "are signed, shared and broadcast each by itself, also over a restart in the midst", arguments: [true, false],
        [false, true])
    func signed(isList: Bool, restarts: Bool) throws {
        let expected = Set(isList ? keys : [keys[0]])
        var (workflow, snapshot) = try workflow(isList: isList)
        var objects: SignedDataSet = [:]
        for case .sign(contribution, let some) in start(&workflow, snapshot) { objects.merge(some) { $1 } }
        #expect(Set(objects.keys) == expected)

        let own = LocalPartials(contribution, partials(objects, share: 1))
        let stored = workflow.receive(.localPartials([own], nil), at: now)
        #expect(shared(stored) == expected)
        if restarts {
            for record in stored.records { try snapshot.apply(record) }
            workflow = Workflow(configuration: try configuration()) { _, message in message }
            #expect(shared(start(&workflow, snapshot)) == expected, "peers may not have them")
        }

        var effects: [Effect] = []
        for share in 2...3 {
            effects += workflow.receive(.peerPartials(contribution, partials(objects, share: share)), at: now)
        }
        var recovered: [EntryKey: Recovery] = [:]
        for case .recover(contribution, let groups) in effects {
            for key in groups.keys { recovered[key] = .signature(Fixture.groupSignature) }
        }
        #expect(Set(recovered.keys) == expected)
        var broadcast: SignedDataSet = [:]
        for case .broadcast(contribution, let set) in workflow.receive(.recovered(contribution, recovered), at: now) {
            broadcast.merge(set) { $1 }
        }
        #expect(Set(broadcast.keys) == expected)
        for (key, object) in broadcast {
            guard case .contributionAndProof(let signed) = object else {
                Issue.record("\(object)")
                continue
            }
            #expect(signed.message.contribution == value(key.subcommittee))
            #expect(signed.message.selectionProof == proof(key.subcommittee).signature)
        }
    }
}
