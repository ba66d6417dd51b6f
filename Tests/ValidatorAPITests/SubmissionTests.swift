import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ
import TestSupport
import Testing
import ValidatorAPI

@Suite("Sync messages and exits")
struct SubmissionTests {
    private static let messages = "/eth/v1/beacon/pool/sync_committees"
    private static let exits = "/eth/v1/beacon/pool/voluntary_exits"

    private static func message(_ index: ValidatorIndex, slot: Slot = 40) -> JSONValue {
        SyncCommitteeMessage(
            slot: slot, beaconBlockRoot: Root(padding: [1]), validatorIndex: index,
            signature: SignatureBytes(padding: [1])
        ).json()
    }

    private static func signedExit(_ index: ValidatorIndex, epoch: Epoch) -> String {
        var message = VoluntaryExit()
        message.epoch = epoch
        message.validatorIndex = index
        return SignedVoluntaryExit(message: message, signature: SignatureBytes(padding: [1])).json().text()
    }

    @Test("sync messages go by slot, under the group keys")
    func syncMessages() async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let body = JSONValue.array([Self.message(7), Self.message(8), Self.message(7, slot: 39)]).text()
            let answer = try await server.post(Self.messages, body)
            #expect(answer.status == 200 && answer.text.isEmpty && answer.headers["content-type"] == nil)
            #expect(backend.submitted.map { "\($0.0) \($0.1.count)" } == ["39/sync_message 1", "40/sync_message 2"])
        }
    }

    @Test("what contradicts an earlier message is refused with its place; the rest is taken")
    func conflict() async throws {
        let backend = StubBackend { $0.submit = { $0.duty.slot == 39 ? .refused("another was signed") : nil } }
        try await TestServer.with(backend) { server in
            let answer = try await server.post(
                Self.messages, JSONValue.array([Self.message(7), Self.message(7, slot: 39)]).text())
            #expect(answer.status == 400 && answer.message == "another was signed")
            #expect(answer.json["failures"]?.array?.map { $0["index"]?.integer } == [1])
            #expect(backend.submitted.count == 1)
        }
    }

    @Test("no messages are no work", arguments: ["[]", "null"])
    func none(body: String) async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let answer = try await server.post(Self.messages, body)
            #expect(answer.status == 200 && backend.asked.isEmpty)
        }
    }

    @Test("an exit is a duty of its epoch's first slot, however far", arguments: [Epoch(1), 3, 1000])
    func exit(epoch: Epoch) async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let answer = try await server.post(Self.exits, Self.signedExit(7, epoch: epoch))
            #expect(answer.status == 200 && answer.text.isEmpty)
            #expect(backend.submitted.map(\.0) == [Duty(slot: Slot(epoch.rawValue * 32), type: .exit)])
        }
    }

    @Test("how far exits of an epoch are is told, and passed on to no beacon node")
    func progress() async throws {
        let message = VoluntaryExit(epoch: 3, validatorIndex: 7)
        let shares = [1, 3].compactMap { ShareIndex(wire: $0) }
        let rows = [ExitProgress.Stage.open, .complete, .published, .refused("too young")].map {
            ExitProgress(pubKey: TestCluster.validatorA, message: message, shares: shares, stage: $0)
        }
        let backend = StubBackend { $0.exits = rows }
        try await TestServer.with(backend) { server in
            let answer = try await server.get("/styx/v1/exits/3")
            #expect(answer.status == 200 && backend.asked == ["exits 3"])
            let told = answer.json["data"]?.array ?? []
            #expect(told.map { $0["status"]?.string } == ["open", "complete", "published", "refused"])
            #expect(told.map { $0["reason"]?.string } == [nil, nil, nil, "too young"])
            #expect(told.first?["pubkey"]?.string == TestCluster.validatorA.hex)
            #expect(told.first?["validator_index"]?.string == "7")
            #expect(told.first?["shares"] == ["1", "3"])
            #expect(try await server.get("/styx/v1/exits/x").status == 400)
        }
    }

    @Test(
        "exits of strangers, of no epoch, and lists are refused",
        arguments: [
            (signedExit(9, epoch: 1), "validator 9 is not an active validator of this cluster"),
            (signedExit(7, epoch: Epoch(.max)), "epoch 18446744073709551615 does not exist"),
            ("[" + signedExit(7, epoch: 1) + "]", "failed parsing json request body"),
            ("null", "failed parsing json request body"), ("", "empty request body"),
        ] as [(String, String)])
    func badExits(body: String, message: String) async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let answer = try await server.post(Self.exits, body)
            #expect(answer.status == 400 && answer.message == message)
            #expect(answer.json["failures"] == nil)
            #expect(backend.submitted.isEmpty)
        }
    }

    @Test("attestation data come in SSZ to who prefers it")
    func attestationData() async throws {
        try await TestServer.with { server in
            let answer = try await server.open(
                "GET", "/eth/v1/validator/attestation_data?slot=40&committee_index=0",
                headers: ["Accept": MediaType.sszOrJSON])
            var expected = AttestationData()
            expected.slot = 40
            #expect(answer.headers.first(name: "content-type") == MediaType.ssz)
            let bytes = try await answer.body.collect(upTo: 1000)
            #expect(Array(bytes.readableBytesView) == expected.sszBytes())
        }
    }

    @Test("nobody waits for a committee without a validator of ours", arguments: [(0, 200), (3, 200), (4, 404)])
    func committees(committee: Int, status: Int) async throws {
        let row = TestCluster.attester(TestCluster.validatorA, index: 7)
        let backend = StubBackend { $0.definitions = { _ in [row.pubKey: .attester(row)] } }
        try await TestServer.with(backend) { server in
            let answer = try await server.get(
                "/eth/v1/validator/attestation_data?slot=40&committee_index=\(committee)")
            #expect(answer.status == status)
        }
    }
}
