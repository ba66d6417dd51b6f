import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ
import TestSupport
import Testing
import ValidatorAPI

@Suite("Aggregates and contributions")
struct AggregationTests {
    private static let aggregatePath = "/eth/v2/validator/aggregate_attestation"
    private static let aggregatesPath = "/eth/v2/validator/aggregate_and_proofs"
    private static let contributionPath = "/eth/v1/validator/sync_committee_contribution"
    private static let contributionsPath = "/eth/v1/validator/contribution_and_proofs"
    private static let ssz: HeaderFields = ["Accept": MediaType.sszOrJSON]
    private static let root = Root(padding: [5])

    private static func aggregate(slot: Slot = 40) -> AttestationElectra {
        var data = AttestationData()
        data.slot = slot
        data.target.epoch = 1
        return AttestationElectra(
            aggregationBits: Bitlist(count: 9, setting: [0, 8]), data: data, signature: SignatureBytes(padding: [3]),
            committeeBits: Bitvector(count: 64, setting: [3]))
    }

    private static func signedAggregate(_ index: ValidatorIndex, slot: Slot = 40) -> SignedAggregateAndProofElectra {
        Signed(
            message: AggregateAndProofElectra(
                aggregatorIndex: index, aggregate: aggregate(slot: slot), selectionProof: SignatureBytes(padding: [4])),
            signature: SignatureBytes(padding: [1]))
    }

    private static func contribution(subcommittee: UInt64 = 2, seats: Int = 128) -> SyncCommitteeContribution {
        SyncCommitteeContribution(
            slot: 40, beaconBlockRoot: root, subcommitteeIndex: subcommittee,
            aggregationBits: Bitvector(count: seats, setting: [1]), signature: SignatureBytes(padding: [3]))
    }

    private static func signedContribution(_ index: ValidatorIndex, subcommittee: UInt64) -> SignedContributionAndProof
    {
        Signed(
            message: ContributionAndProof(
                aggregatorIndex: index, contribution: contribution(subcommittee: subcommittee),
                selectionProof: SignatureBytes(padding: [4])), signature: SignatureBytes(padding: [1]))
    }

    @Test(
        "the decided aggregate comes as the client likes it, in the chain's shape",
        arguments: [Preset.mainnet, .minimal])
    func getAggregate(preset: Preset) async throws {
        let backend = StubBackend {
            $0.preset = preset
            $0.decided = { selector in
                guard case .aggregate(40, Self.root, 3) = selector else { throw CancellationError() }
                return .aggregate(try VersionedAttestation(fork: .fulu, form: .electra(Self.aggregate())))
            }
        }
        try await TestServer.with(backend) { server in
            let target = Self.aggregatePath + "?slot=40&attestation_data_root=\(Self.root.hex)&committee_index=3"
            let json = try await server.get(target)
            #expect(json.status == 200 && json.headers["eth-consensus-version"] == "fulu")
            #expect(json.json == ["version": "fulu", "data": Self.aggregate().json(preset: preset)])
            let ssz = try await server.open("GET", target, headers: Self.ssz)
            #expect(ssz.headers.first(name: "content-type") == MediaType.ssz)
            #expect(ssz.headers.first(name: "eth-consensus-version") == "fulu")
            let bytes = try await ssz.body.collect(upTo: 10_000)
            #expect(Array(bytes.readableBytesView) == Self.aggregate().sszBytes(preset: preset))
        }
    }

    @Test(
        "the decided contribution comes as the client likes it, in the chain's shape",
        arguments: [Preset.mainnet, .minimal])
    func getContribution(preset: Preset) async throws {
        let backend = StubBackend {
            $0.preset = preset
            $0.decided = { selector in
                guard case .contribution(40, 2, Self.root) = selector else { throw CancellationError() }
                return .contributions(Contributions(Self.contribution()))
            }
        }
        try await TestServer.with(backend) { server in
            let target = Self.contributionPath + "?slot=40&subcommittee_index=2&beacon_block_root=\(Self.root.hex)"
            let json = try await server.get(target)
            #expect(json.json == ["data": Self.contribution().json(preset: preset)])
            let ssz = try await server.open("GET", target, headers: Self.ssz)
            let bytes = try await ssz.body.collect(upTo: 10_000)
            #expect(Array(bytes.readableBytesView) == Self.contribution().sszBytes(preset: preset))
        }
    }

    @Test(
        "queries are checked with Charon's words",
        arguments: [
            (aggregatePath, "", "missing query parameter slot"),
            (aggregatePath, "?slot=1&committee_index=0", "missing 0x-hex query parameter attestation_data_root"),
            (
                aggregatePath, "?slot=1&committee_index=0&attestation_data_root=0x00",
                "invalid length for 0x-hex query parameter attestation_data_root, expect 32 bytes"
            ),
            (
                aggregatePath, "?slot=1&committee_index=0&attestation_data_root=0xzz",
                "invalid 0x-hex query parameter attestation_data_root [0xzz]"
            ),
            (contributionPath, "?slot=1&subcommittee_index=x", "invalid uint path parameter subcommittee_index [x]"),
            (contributionPath, "?slot=1&subcommittee_index=0", "missing 0x-hex query parameter beacon_block_root"),
        ] as [(String, String, String)])
    func queries(path: String, query: String, message: String) async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let answer = try await server.get(path + query)
            #expect(answer.status == 400 && answer.message == message)
            #expect(backend.asked.isEmpty)
        }
    }

    private static func post(_ server: TestServer, _ objects: [JSONValue], _ path: String) async throws
        -> TestServer.Answer
    {
        try await server.post(path, JSONValue.array(objects).text(), headers: [HeaderName.consensusVersion: "fulu"])
    }

    @Test("aggregates are stored under the fork of their slot, once the proof inside is the cluster's")
    func submitAggregates() async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let answer = try await server.post(
                Self.aggregatesPath,
                JSONValue.array([Self.signedAggregate(8).json(), Self.signedAggregate(7).json()]).text(),
                headers: [HeaderName.consensusVersion: "electra"])
            #expect(answer.status == 200 && answer.text.isEmpty)
            #expect(backend.asked == ["active 1", "proofs 2", "verify 40/aggregator", "submit 40/aggregator"])
            let first = try #require(backend.submitted.first)
            let partial = try #require(first.1[EntryKey(TestCluster.validatorA)])
            guard case .aggregateAndProof(let signed) = partial.data else {
                Issue.record("another object: \(partial.data.dutyType)")
                return
            }
            #expect(signed.fork == .fulu && signed.form == .electra(Self.signedAggregate(7)))
        }
    }

    @Test("a proof that is not the cluster's, or a version of another form, is refused; nothing is stored")
    func badAggregates() async throws {
        let backend = StubBackend {
            $0.verifyProof = { proof in
                proof.pubKey == TestCluster.validatorA && proof.data.signature == SignatureBytes(padding: [4])
            }
        }
        try await TestServer.with(backend) { server in
            let answer = try await Self.post(
                server, [Self.signedAggregate(7).json(), Self.signedAggregate(8).json()], Self.aggregatesPath)
            #expect(answer.status == 400)
            #expect(answer.json["failures"]?.array?.map { $0["index"]?.integer } == [1])
            let none = try await server.post(Self.aggregatesPath, "[]")
            #expect(none.status == 400 && none.message == "missing consensus version header")
            let old = try await server.post(
                Self.aggregatesPath, JSONValue.array([SignedAggregateAndProofPhase0().json()]).text(),
                headers: [HeaderName.consensusVersion: "deneb"])
            #expect(old.status == 400)
            #expect(backend.submitted.isEmpty)
        }
    }

    @Test("contributions are stored by subcommittee, once the proof inside is the cluster's")
    func submitContributions() async throws {
        let backend = StubBackend {
            $0.verifyProof = { proof in
                guard case .syncSelection(let selection) = proof.data else { return false }
                return selection.subcommitteeIndex < 3
            }
        }
        try await TestServer.with(backend) { server in
            let answer = try await Self.post(
                server,
                [
                    Self.signedContribution(7, subcommittee: 0).json(),
                    Self.signedContribution(7, subcommittee: 2).json(),
                ],
                Self.contributionsPath)
            #expect(answer.status == 200 && answer.text.isEmpty)
            let set = backend.submitted.first?.1 ?? [:]
            #expect(
                Set(set.keys) == [EntryKey(TestCluster.validatorA), EntryKey(TestCluster.validatorA, subcommittee: 2)])
            let bad = try await Self.post(
                server, [Self.signedContribution(7, subcommittee: 3).json()], Self.contributionsPath)
            #expect(bad.status == 400)
            #expect(backend.submitted.count == 1)
        }
    }

    @Test("contributions of a chain with small committees are stored in the shape that nodes exchange")
    func exchanged() async throws {
        let backend = StubBackend { $0.preset = .minimal }
        try await TestServer.with(backend) { server in
            var signed = Self.signedContribution(7, subcommittee: 0)
            signed.message.contribution = Self.contribution(subcommittee: 0, seats: 8)
            let answer = try await Self.post(server, [signed.json(preset: .minimal)], Self.contributionsPath)
            #expect(answer.status == 200)
            let first = try #require(backend.submitted.first)
            let partial = try #require(first.1[EntryKey(TestCluster.validatorA)])
            guard case .contributionAndProof(let stored) = partial.data else {
                Issue.record("another object: \(partial.data.dutyType)")
                return
            }
            #expect(stored.message.contribution.aggregationBits == Bitvector(count: 128, setting: [1]))
        }
    }
}
