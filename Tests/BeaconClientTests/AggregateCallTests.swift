import BeaconTestSupport
import BeaconAPI
import BeaconClient
import Ethereum
import SSZ
import TestSupport
import Testing

@Suite("Calls about aggregates")
struct AggregateCallTests {
    private static let preset = Preset.minimal

    private static func data(slot: Slot = 9, committee: CommitteeIndex = 0) -> AttestationData {
        var data = AttestationData()
        data.slot = slot
        data.index = committee
        return data
    }

    private static func electra(_ data: AttestationData = data(), committees: [Int] = [2]) -> AttestationElectra {
        AttestationElectra(
            aggregationBits: Bitlist(), data: data, signature: .zero,
            committeeBits: Bitvector(count: preset.maxCommitteesPerSlot, setting: committees))
    }

    private static func json(_ version: String, _ attestation: some SSZCodable) -> FakeBeaconNode.Answer {
        .json((["version": .string(version), "data": attestation.json(preset: preset)] as JSONValue).text())
    }

    private static func ssz(_ fork: String?, _ attestation: some SSZCodable) -> FakeBeaconNode.Answer {
        var answer = FakeBeaconNode.Answer(
            headers: [HeaderName.contentType: MediaType.ssz], body: attestation.sszBytes(preset: preset))
        if let fork { answer.headers.append(HeaderName.consensusVersion, fork) }
        return answer
    }

    private static func ask(
        _ answer: FakeBeaconNode.Answer, data: AttestationData = data(), committee: CommitteeIndex = 2
    ) async throws -> Result<VersionedAttestation, BeaconError> {
        try await FakeBeaconNode.with({ _ in answer }) { node in
            try await withClient([node.url]) { client in
                do throws(BeaconError) {
                    return .success(
                        try await client.aggregateAttestation(
                            data.slot, dataRoot: data.hashTreeRoot(), committee: committee, preset: preset))
                } catch {
                    return .failure(error)
                }
            }
        }
    }

    @Test(
        "an aggregate is of the fork that the answer names, in JSON or SSZ",
        arguments: [json("electra", electra()), json("fulu", electra()), ssz("fulu", electra())])
    func taken(answer: FakeBeaconNode.Answer) async throws {
        let attestation = try await Self.ask(answer).get()
        #expect(attestation.committeeIndex == 2 && attestation.form == .electra(Self.electra()))
    }

    @Test("before Electra the data name the committee")
    func phase0() async throws {
        var attestation = AttestationPhase0()
        attestation.data = Self.data(committee: 2)
        for answer in [Self.json("deneb", attestation), Self.ssz("deneb", attestation)] {
            let answer = try await Self.ask(answer, data: attestation.data).get()
            #expect(answer.fork == .deneb && answer.form == .phase0(attestation))
        }
    }

    @Test(
        "an aggregate of other data, another slot, committee or unknown fork is refused",
        arguments: [
            json("electra", electra(data(slot: 8))), json("electra", electra(data(committee: 1))),
            json("electra", electra(committees: [1])), json("electra", electra(committees: [1, 2])),
            json("gloas", electra()), ssz(nil, electra()), ssz("deneb", electra()),
        ])
    func wrong(answer: FakeBeaconNode.Answer) async throws {
        guard case .failure(let error) = try await Self.ask(answer), case .malformed = error.cause else {
            Issue.record("taken")
            return
        }
        #expect(error.isTemporary, "the next answer may be better")
    }

    @Test(
        "no aggregate yet is worth another try",
        arguments: [
            FakeBeaconNode.Answer.json(#"{"version":"fulu","data":null}"#),
            .json(#"{"code":404,"message":"no"}"#, status: 404),
        ])
    func absent(answer: FakeBeaconNode.Answer) async throws {
        guard case .failure(let error) = try await Self.ask(answer) else {
            Issue.record("taken")
            return
        }
        #expect(error.isTemporary && error.cause == .absent("no aggregate of these votes yet"))
        try await FakeBeaconNode.with({ _ in answer }) { node in
            try await withClient([node.url]) { client in
                let error = await failure { () throws(BeaconError) in
                    try await client.syncContribution(9, subcommittee: 1, blockRoot: .zero, preset: Self.preset)
                }
                #expect(error?.isTemporary == true && error?.cause == .absent("no contribution to this block yet"))
            }
        }
    }

    @Test("the node that has an aggregate wins over the one that has none")
    func nullLoses() async throws {
        try await FakeBeaconNode.with(
            { _ in .json(#"{"version":"fulu","data":null}"#) }, { _ in Self.json("fulu", Self.electra()) }
        ) { without, with in
            try await withClient([without.url, with.url]) { client in
                let data = Self.data()
                let attestation = try await client.aggregateAttestation(
                    9, dataRoot: data.hashTreeRoot(), committee: 2, preset: Self.preset)
                #expect(attestation.data == data)
            }
        }
    }

    @Test("a contribution must be the one asked for")
    func contribution() async throws {
        let contribution = SyncCommitteeContribution(
            slot: 9, beaconBlockRoot: Root(padding: [1]), subcommitteeIndex: 3,
            aggregationBits: Bitvector(count: Self.preset.syncSubcommitteeSize, setting: [5]), signature: .zero)
        let answer = FakeBeaconNode.Answer.json(
            (["data": contribution.json(preset: Self.preset)] as JSONValue).text())
        try await FakeBeaconNode.with({ _ in answer }) { node in
            try await withClient([node.url]) { client in
                let taken = try await client.syncContribution(
                    9, subcommittee: 3, blockRoot: Root(padding: [1]), preset: Self.preset)
                #expect(taken == contribution)
                for (slot, subcommittee, root) in [(8, 3, 1), (9, 2, 1), (9, 3, 2)] as [(Slot, UInt64, UInt8)] {
                    let error = await failure { () throws(BeaconError) in
                        try await client.syncContribution(
                            slot, subcommittee: subcommittee, blockRoot: Root(padding: [root]), preset: Self.preset)
                    }
                    guard case .malformed = error?.cause else {
                        Issue.record("\(String(describing: error))")
                        continue
                    }
                }
            }
        }
    }

    @Test("every kind of submission reaches its endpoint")
    func submissions() async throws {
        try await FakeBeaconNode.with({ _ in .json("") }) { node in
            try await withClient([node.url]) { client in
                try await client.submit(.electra([SignedAggregateAndProofElectra()]), fork: .fulu, preset: Self.preset)
                try await client.submit([SyncCommitteeMessage()])
                try await client.submit([SignedContributionAndProof](), preset: Self.preset)
                try await client.submit(SignedVoluntaryExit())
                try await client.register([SignedValidatorRegistration()])
                try await client.prepare([ProposerPreparation()])
                try await client.subscribe([BeaconCommitteeSubscription()])
                try await client.subscribe([SyncCommitteeSubscription()])
                #expect(
                    node.requests.map(\.target) == [
                        "/eth/v2/validator/aggregate_and_proofs", "/eth/v1/beacon/pool/sync_committees",
                        "/eth/v1/validator/contribution_and_proofs", "/eth/v1/beacon/pool/voluntary_exits",
                        "/eth/v1/validator/register_validator", "/eth/v1/validator/prepare_beacon_proposer",
                        "/eth/v1/validator/beacon_committee_subscriptions",
                        "/eth/v1/validator/sync_committee_subscriptions",
                    ])
                #expect(node.requests[0].headers["eth-consensus-version"] == "fulu")
                #expect(
                    node.requests.allSatisfy { $0.method == "POST" && $0.headers["content-type"] == MediaType.json })
            }
        }
    }
}
