import BeaconAPI
import DutyWorkflow
import Ethereum
import NIOCore
import SSZ
import TestSupport
import Testing
import ValidatorAPI

@Suite("Endpoints")
struct EndpointTests {
    @Test("the node's version has Charon's prefix")
    func version() async throws {
        try await TestServer.with { server in
            let answer = try await server.get("/eth/v1/node/version")
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.json["data"]?["version"]?.string?.hasPrefix("obolnetwork/charon/") == true)
        }
    }

    @Test(
        "attester duties have our shares; indices come as numbers or text",
        arguments: [
            (#"["7","8"]"#, "[7, 8]"), ("[7,8]", "[7, 8]"), (#"[7, "8", 8]"#, "[7, 8]"), ("null", "[]"), ("[]", "[]"),
        ])
    func attesterDuties(body: String, indices: String) async throws {
        let backend = StubBackend {
            $0.attesters = [
                TestCluster.attester(TestCluster.validatorA, index: 7),
                TestCluster.attester(TestCluster.validatorB, index: 8),
            ]
        }
        try await TestServer.with(backend) { server in
            let answer = try await server.post("/eth/v1/validator/duties/attester/1", body)
            #expect(answer.status == 200)
            #expect(backend.asked == ["attesters 1 \(indices)"])
            #expect(answer.json["dependent_root"]?.string == Root.zero.hex)
            #expect(answer.json["execution_optimistic"] == false)
            let rows = answer.json["data"]?.array ?? []
            #expect(rows.map { $0["pubkey"]?.string } == [TestCluster.shareA.hex, TestCluster.shareB.hex])
            #expect(rows.first?["validator_index"] == "7" && rows.first?["committee_length"] == "16")
        }
    }

    @Test("no duties are an empty list, not null")
    func noDuties() async throws {
        try await TestServer.with { server in
            for path in ["attester", "sync"] {
                let answer = try await server.post("/eth/v1/validator/duties/\(path)/1", "[]")
                #expect(answer.json["data"] == [])
            }
            let answer = try await server.get("/eth/v1/validator/duties/proposer/1")
            #expect(answer.json["data"] == [])
        }
    }

    @Test("duties of strangers are refused, proposers of others keep their keys")
    func strangers() async throws {
        var sync = SyncDuty()
        sync.pubKey = TestCluster.stranger
        var ours = ProposerDuty()
        ours.pubKey = TestCluster.validatorB
        var theirs = ProposerDuty()
        theirs.pubKey = TestCluster.stranger
        let backend = StubBackend {
            $0.attesters = [TestCluster.attester(TestCluster.stranger, index: 9)]
            $0.syncDuties = [sync]
            $0.proposers = [ours, theirs]
        }
        try await TestServer.with(backend) { server in
            for path in ["attester", "sync"] {
                let answer = try await server.post("/eth/v1/validator/duties/\(path)/1", "[9]")
                #expect(answer.status == 400)
            }
            for version in ["v1", "v2"] {
                let answer = try await server.get("/eth/\(version)/validator/duties/proposer/3")
                #expect(answer.status == 200)
                #expect(answer.json["execution_optimistic"] == true)
                #expect(
                    answer.json["data"]?.array?.map { $0["pubkey"]?.string }
                        == [TestCluster.shareB.hex, TestCluster.stranger.hex])
            }
            #expect(backend.asked.suffix(2) == ["proposers 3 v1", "proposers 3 v2"])
        }
    }

    @Test("sync duties have our shares and no dependent root")
    func syncDuties() async throws {
        var row = SyncDuty()
        row.pubKey = TestCluster.validatorA
        row.validatorIndex = 7
        row.validatorSyncCommitteeIndices = [1, 300]
        let backend = StubBackend { [row] in $0.syncDuties = [row] }
        try await TestServer.with(backend) { server in
            let answer = try await server.post("/eth/v1/validator/duties/sync/5", #"["7"]"#)
            #expect(
                answer.text
                    == #"{"execution_optimistic":false,"data":[{"pubkey":"\#(TestCluster.shareA.hex)","#
                    + #""validator_index":"7","validator_sync_committee_indices":["1","300"]}]}"#)
        }
    }

    @Test("attestation data waits for the decision")
    func attestationData() async throws {
        let decided = Gate()
        let asked = Gate()
        let backend = StubBackend {
            $0.attestationData = { slot, _ in
                asked.open()
                await decided.wait()
                var data = AttestationData()
                data.slot = slot
                data.target.epoch = 9
                return data
            }
        }
        try await TestServer.with(backend) { server in
            async let answer = server.get("/eth/v1/validator/attestation_data?slot=40&committee_index=3")
            await asked.wait()
            decided.open()
            let body = try await answer
            #expect(body.status == 200)
            #expect(body.json["data"]?["slot"] == "40")
            #expect(body.json["data"]?["target"]?["epoch"] == "9")
            #expect(backend.asked == ["attestation data 40 3"])
        }
    }

    @Test("registrations and fee recipients are accepted and dropped, whatever they say")
    func swallowed() async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            for path in ["register_validator", "prepare_beacon_proposer"] {
                for type in [MediaType.json, MediaType.ssz, "text/plain"] {
                    let answer = try await server.post("/eth/v1/validator/\(path)", "nonsense", contentType: type)
                    #expect(answer.status == 200 && answer.text.isEmpty)
                    #expect(answer.headers["content-type"] == nil)
                }
            }
            #expect(backend.asked.isEmpty)
        }
    }

    @Test(
        "what is gone on purpose is 404",
        arguments: [
            ("POST", "/eth/v1/beacon/pool/attestations"), ("GET", "/eth/v2/validator/blocks/5"),
            ("GET", "/eth/v1/validator/blinded_blocks/5"), ("GET", "/teku_proposer_config"),
            ("GET", "/proposer_config"), ("GET", "/eth/v1/validator/aggregate_attestation?slot=1"),
            ("POST", "/eth/v1/validator/aggregate_and_proofs"),
        ])
    func removed(method: String, path: String) async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let answer = try await server.send(method, path, body: method == "POST" ? .bytes(ByteBuffer()) : nil)
            #expect(answer.status == 404)
            #expect(answer.text == #"{"code":404,"message":"NotFound"}"#)
            #expect(backend.asked.isEmpty)
        }
    }

    @Test(
        "what could publish a share's signature is never passed on",
        arguments: [
            ("GET", "/eth/v4/validator/blocks/5"), ("POST", "/eth/v3/beacon/blocks"),
            ("POST", "/eth/v3/beacon/blinded_blocks"),
            ("POST", "/eth/v2/beacon/pool/voluntary_exits"), ("POST", "/eth/v3/beacon/pool/attestations"),
            ("POST", "/eth/v2/validator/beacon_committee_selections"),
            ("GET", "/eth/v3/validator/aggregate_attestation"), ("POST", "/eth/v3/validator/aggregate_and_proofs"),
            ("POST", "/eth/v2/beacon/pool/sync_committees"), ("POST", "/eth/v2/validator/sync_committee_selections"),
            ("GET", "/eth/v2/validator/sync_committee_contribution"),
            ("POST", "/eth/v2/validator/contribution_and_proofs"), ("POST", "/eth/v1/validator/duties/ptc/5"),
            ("POST", "/eth/v2/validator/register_validator"), ("POST", "/eth/v1/beacon/execution_payload_envelopes"),
            ("POST", "//eth/v3//beacon/blocks/"), ("POST", "/eth/v3/beacon/%62locks"),
            ("POST", "/eth/v2/beacon/pool/sync%5Fcommittees?x=1"), ("GET", "/eth/v2/validator/attestation_data"),
            ("POST", "/eth/v3%2Fbeacon%2Fblocks"), ("POST", "/eth/v1/../v3/beacon/./blocks"),
            ("POST", "/x/%2e%2e/eth/v3/beacon/pool/attestations"),
        ])
    func unsupported(method: String, path: String) async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let answer = try await server.send(
                method, path, headers: [HeaderName.contentType: MediaType.ssz],
                body: method == "POST" ? .bytes(ByteBuffer(string: "x")) : nil)
            #expect(answer.status == 501)
            #expect(answer.json["code"] == 501)
            #expect(answer.message?.hasSuffix("is not supported by this version of Styx yet") == true)
            #expect(backend.asked.isEmpty)
        }
    }

    @Test("each request tells that a validator client is alive, and is recorded")
    func activity() async throws {
        let backend = StubBackend {
            $0.proxy = { _ in ProxyResponse(status: 404, headers: [:], body: ProxyBody(chunks: [])) }
        }
        try await TestServer.with(backend) { server in
            let agent = "Lighthouse/v8" + String(repeating: "x", count: 200)
            _ = try await server.get("/eth/v1/node/version", headers: ["User-Agent": agent])
            _ = try await server.get("/eth/v1/node/peers/16Uiu2/x/0xabc/12")
            _ = try await server.post("/eth/v1/validator/duties/attester/1", "{")
            #expect(server.server.activity.requests == 3)
            #expect(server.server.activity.userAgent == String(agent.prefix(128)))
            let records = server.records.map { "\($0.kind) \($0.status)" }
            #expect(
                records == [
                    "endpoint(\"node_version\") 200",
                    "proxy(path: \"eth_v1_node_peers_{peer_id}_x_{hex}_{n}\") 404",
                    "endpoint(\"attester_duties\") 400",
                ])
            #expect(server.server.requestsInFlight == 0)
        }
    }
}
