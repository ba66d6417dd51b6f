import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ
import TestSupport
import Testing
import ValidatorAPI

@Suite("Submitting attestations")
struct SubmitAttestationsTests {
    private static let path = "/eth/v2/beacon/pool/attestations"
    private static let attesters = [
        TestCluster.attester(TestCluster.validatorA, index: 7, slot: 40, position: 0),
        TestCluster.attester(TestCluster.validatorB, index: 8, slot: 40, position: 15),
        TestCluster.attester(TestCluster.validatorA, index: 7, slot: 41),
    ]

    private static func data(_ slot: Slot, committee: CommitteeIndex = 0) -> AttestationData {
        var data = AttestationData()
        data.slot = slot
        data.index = committee
        data.target.epoch = 1
        return data
    }

    private static func single(_ index: ValidatorIndex, slot: Slot = 40, signature: UInt8 = 1) -> SingleAttestation {
        SingleAttestation(
            committeeIndex: 3, attesterIndex: index, data: data(slot), signature: SignatureBytes(padding: [signature]))
    }

    private static func text(_ attestations: [SingleAttestation]) -> String {
        AttestationSubmission.single(attestations).json().text()
    }

    private static func post(
        _ server: TestServer, _ body: String, version: String? = "fulu"
    ) async throws -> TestServer.Answer {
        try await server.post(
            path, body, headers: version.map { [HeaderName.consensusVersion: $0] } ?? [:])
    }

    @Test(
        "a request is three questions to the node, whatever its length; sets go by slot, under the group keys",
        arguments: ["fulu", "Fulu"])
    func submits(version: String) async throws {
        let backend = StubBackend { $0.attesters = Self.attesters }
        try await TestServer.with(backend) { server in
            let body = Self.text([
                Self.single(7, slot: 41), Self.single(8), Self.single(7), Self.single(8),
            ])
            let answer = try await Self.post(server, body, version: version)
            #expect(answer.status == 200 && answer.text.isEmpty)
            #expect(
                backend.asked == [
                    "attesters of 4", "verify 40/attester 41/attester", "submit 40/attester 41/attester",
                ])
            let (duty, set) = try #require(backend.submitted.first)
            #expect(duty == .attester(slot: 40))
            #expect(Set(set.keys.map(\.pubKey)) == [TestCluster.validatorA, TestCluster.validatorB])
            let partial = try #require(set[EntryKey(TestCluster.validatorB)])
            #expect(partial.shareIndex == TestCluster.own)
            guard case .attestation(let attestation) = partial.data else { return }
            #expect(attestation.fork == .fulu && attestation.validatorIndex == 8)
            #expect(attestation.committeeIndex == 3 && attestation.aggregationBits.count == 0)
            #expect(attestation.data == Self.data(40))
            #expect(attestation.signature == SignatureBytes(padding: [1]))
        }
    }

    @Test("up to Deneb the aggregation bit tells the validator")
    func phase0() async throws {
        let backend = StubBackend {
            $0.definitions = { _ in
                Dictionary(
                    Self.attesters.prefix(2).map { ($0.pubKey, .attester($0)) }, uniquingKeysWith: { $1 })
            }
            $0.attesters = Self.attesters
            $0.fork = .deneb
        }
        func attestation(_ bits: [Int], count: Int = 16, committee: CommitteeIndex = 3) -> String {
            let attestation = AttestationPhase0(
                aggregationBits: Bitlist(count: count, setting: bits), data: Self.data(40, committee: committee),
                signature: SignatureBytes(padding: [1]))
            return AttestationSubmission.phase0([attestation]).json().text()
        }
        try await TestServer.with(backend) { server in
            let status = try await Self.post(server, attestation([15]), version: "deneb").status
            #expect(status == 200)
            #expect(backend.submitted.first?.1.keys.first?.pubKey == TestCluster.validatorB)
            for bad in [
                attestation([]), attestation([0, 15]), attestation([1]), attestation([15], count: 17),
                attestation([15], committee: 2),
            ] {
                let laterStatus = try await Self.post(server, bad, version: "deneb").status
                #expect(laterStatus == 400)
            }
            #expect(backend.submitted.count == 1)
        }
    }

    @Test("up to Deneb many attestations are four questions, and one more for each further slot")
    func phase0Many() async throws {
        let backend = StubBackend {
            $0.definitions = { duty in
                Dictionary(
                    Self.attesters.filter { $0.slot == duty.slot }.map { ($0.pubKey, .attester($0)) },
                    uniquingKeysWith: { $1 })
            }
            $0.attesters = Self.attesters
            $0.fork = .deneb
        }
        func attestation(_ bits: [Int], slot: Slot = 40) -> AttestationPhase0 {
            AttestationPhase0(
                aggregationBits: Bitlist(count: 16, setting: bits), data: Self.data(slot, committee: 3),
                signature: SignatureBytes(padding: [1]))
        }
        func text(_ attestations: [AttestationPhase0]) -> String {
            AttestationSubmission.phase0(attestations).json().text()
        }
        try await TestServer.with(backend) { server in
            let many = (0..<50).map { attestation([$0 % 2 * 15]) }
            let status = try await Self.post(server, text(many + [attestation([0], slot: 41)]), version: "deneb").status
            #expect(status == 200)
            #expect(
                backend.asked == [
                    "attesters of 51", "verify 40/attester 41/attester", "submit 40/attester 41/attester",
                ])
            #expect(backend.lookedUp == [.attester(slot: 40), .attester(slot: 41)])
            let answer = try await Self.post(server, text([attestation([], slot: 42), many[0]]), version: "deneb")
            #expect(answer.json["failures"]?.array?.map { $0["index"]?.integer } == [0])
            #expect(!backend.lookedUp.contains(.attester(slot: 42)), "its bits tell enough")
        }
    }

    @Test("attestations of other duties are refused, each with its place in the list; nothing is stored")
    func unknownDuties() async throws {
        let backend = StubBackend { $0.attesters = Self.attesters }
        try await TestServer.with(backend) { server in
            var wrongCommittee = Self.single(7)
            wrongCommittee.committeeIndex = 2
            let body = Self.text([Self.single(7), Self.single(99), wrongCommittee, Self.single(7, slot: 50)])
            let answer = try await Self.post(server, body)
            #expect(answer.status == 400)
            #expect(answer.json["failures"]?.array?.map { $0["index"]?.integer } == [1, 2, 3])
            #expect(backend.asked == ["attesters of 4"])
        }
    }

    @Test("two different attestations of one validator are refused")
    func equivocation() async throws {
        let backend = StubBackend { $0.attesters = Self.attesters }
        try await TestServer.with(backend) { server in
            let answer = try await Self.post(server, Self.text([Self.single(7), Self.single(7, signature: 2)]))
            #expect(answer.status == 400)
            #expect(backend.submitted.isEmpty && backend.asked == ["attesters of 2"])
        }
    }

    @Test("a bad signature in one set keeps the other sets from being stored")
    func badSignature() async throws {
        let backend = StubBackend {
            $0.attesters = Self.attesters
            $0.verify = { $0.duty.slot == 41 ? .refused("invalid signature") : nil }
        }
        try await TestServer.with(backend) { server in
            let answer = try await Self.post(server, Self.text([Self.single(7), Self.single(7, slot: 41)]))
            #expect(answer.status == 400 && answer.message == "invalid signature")
            #expect(answer.json["failures"]?.array?.map { $0["index"]?.integer } == [1])
            #expect(backend.submitted.isEmpty)
        }
    }

    @Test("what contradicts the decision is refused with its places and the reason; the rest is taken")
    func refused() async throws {
        let backend = StubBackend {
            $0.attesters = Self.attesters
            $0.submit = { $0.duty.slot == 40 ? .refused("differs from what the cluster decided") : nil }
        }
        try await TestServer.with(backend) { server in
            let answer = try await Self.post(
                server, Self.text([Self.single(7), Self.single(7, slot: 41), Self.single(8)]))
            #expect(answer.status == 400 && answer.message == "differs from what the cluster decided")
            #expect(answer.json["failures"]?.array?.map { $0["index"]?.integer } == [0, 2])
            #expect(backend.submitted.map(\.0) == [.attester(slot: 41)])
        }
    }

    @Test("of one slot's attestations the one that contradicts is refused, at each of its places, and no other")
    func refusedAlone() async throws {
        let backend = StubBackend {
            $0.attesters = Self.attesters
            $0.submitOne = { duty, key in
                duty.slot == 40 && key.pubKey == TestCluster.validatorB ? .refused("another was signed") : nil
            }
        }
        try await TestServer.with(backend) { server in
            let answer = try await Self.post(
                server, Self.text([Self.single(8), Self.single(7), Self.single(7, slot: 41), Self.single(8)]))
            #expect(answer.status == 400 && answer.message == "another was signed")
            #expect(answer.json["failures"]?.array?.map { $0["index"]?.integer } == [0, 3])
            #expect(backend.submitted.map { "\($0.0) \($0.1.count)" } == ["40/attester 1", "41/attester 1"])
            #expect(backend.asked.filter { $0.hasPrefix("submit") } == ["submit 40/attester 41/attester"])
        }
    }

    @Test("a node that cannot take anything now is no fault of the client")
    func unavailable() async throws {
        let backend = StubBackend {
            $0.attesters = Self.attesters
            $0.submit = { _ in .unavailable("not ready") }
        }
        try await TestServer.with(backend) { server in
            let status = try await Self.post(server, Self.text([Self.single(7)])).status
            #expect(status == 503)
        }
    }

    @Test("the version is needed and must fit the body and the slot")
    func versions() async throws {
        let backend = StubBackend { $0.attesters = Self.attesters }
        try await TestServer.with(backend) { server in
            let body = Self.text([Self.single(7)])
            let message = try await Self.post(server, body, version: nil).message
            #expect(message == "missing consensus version header")
            let laterMessage = try await Self.post(server, body, version: "heze").message
            #expect(laterMessage == "unknown consensus version heze")
            let lastMessage = try await Self.post(server, body, version: "deneb").message
            #expect(lastMessage == "failed parsing json request body")
            let old = AttestationSubmission.phase0([
                AttestationPhase0(
                    aggregationBits: Bitlist(count: 16, setting: [0]), data: Self.data(40), signature: .zero)
            ])
            let status = try await Self.post(server, old.json().text(), version: "deneb").status
            #expect(status == 400)
            #expect(backend.asked.isEmpty)
        }
    }

    @Test("no attestations are no work")
    func empty() async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let status = try await Self.post(server, "[]").status
            #expect(status == 200)
            #expect(backend.asked.isEmpty)
        }
    }
}
