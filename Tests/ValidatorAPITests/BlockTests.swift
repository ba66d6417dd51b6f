import AsyncHTTPClient
import BeaconAPI
import DutyWorkflow
import Ethereum
import NIOCore
import SSZ
import TestSupport
import Testing
import ValidatorAPI

@Suite("Blocks")
struct BlockTests {
    private static let randao = SignatureBytes(padding: [9])
    private static let signature = SignatureBytes(padding: [1])
    private static let wanted = "/eth/v3/validator/blocks/40?randao_reveal=\(randao.hex)"

    /// A block of validator 7 in slot 40.
    private static func proposal(blinded: Bool, graffiti: UInt8 = 0) -> VersionedProposal {
        func filled<Form>(_ block: BeaconBlock<Fulu, Form>) -> BeaconBlock<Fulu, Form> {
            var block = block
            block.slot = 40
            block.proposerIndex = 7
            block.body.randaoReveal = randao
            block.body.graffiti = Bytes32(padding: [graffiti])
            return block
        }
        if blinded { return VersionedProposal(filled(BlindedBeaconBlock<Fulu>())) }
        var contents = BlockContents<Fulu>()
        contents.block = filled(FullBeaconBlock<Fulu>())
        return VersionedProposal(contents)
    }

    /// Validator A proposes in slot 40; slot 42 is another's, and of slot 100 nothing is known.
    private static func backend(
        blinded: Bool = false, changing change: (inout StubBackend.Behaviour) -> Void = { _ in }
    ) -> StubBackend {
        StubBackend {
            var row = ProposerDuty()
            row.pubKey = TestCluster.validatorA
            row.slot = 40
            row.validatorIndex = 7
            $0.definitions = { [row] duty in
                guard duty.type == .proposer, duty.slot < 100 else { return nil }
                return duty.slot == 40 ? [row.pubKey: .proposer(row)] : [:]
            }
            $0.decided = { selector in
                guard case .proposal(40) = selector else { throw CancellationError() }
                return .proposal(proposal(blinded: blinded))
            }
            change(&$0)
        }
    }

    @Test("the decided block comes in JSON and in SSZ, full and blinded, with its headers", arguments: [false, true])
    func produce(blinded: Bool) async throws {
        let backend = Self.backend(blinded: blinded)
        let proposal = Self.proposal(blinded: blinded)
        try await TestServer.with(backend) { server in
            let json = try await server.get(Self.wanted + "&graffiti=0x01&builder_boost_factor=abc")
            #expect(json.status == 200)
            #expect(json.json["data"] == proposal.json)
            #expect(json.json["version"] == "fulu" && json.json["execution_payload_blinded"] == .bool(blinded))
            #expect(json.json["execution_payload_value"] == "1" && json.json["consensus_block_value"] == "1")
            let ssz = try await server.open("GET", Self.wanted, headers: ["Accept": MediaType.sszOrJSON])
            for headers in [json.headers, HeaderFields(ssz.headers.map { .init($0.name, $0.value) })] {
                #expect(headers["Eth-Consensus-Version"] == "fulu")
                #expect(headers["Eth-Execution-Payload-Blinded"] == "\(blinded)")
                #expect(headers["Eth-Execution-Payload-Value"] == "1")
                #expect(headers["Eth-Consensus-Block-Value"] == "1")
            }
            let bytes = try await ssz.body.collect(upTo: 1 << 20)
            #expect(Array(bytes.readableBytesView) == proposal.objectBytes())
            #expect(backend.submitted.map(\.0) == [Duty(slot: 40, type: .randao), Duty(slot: 40, type: .randao)])
            let set = try #require(backend.submitted.first).1
            let partial = try #require(set[EntryKey(TestCluster.validatorA)])
            #expect(partial.data == .randao(SignedEpoch(epoch: 1, signature: Self.randao)))
        }
    }

    @Test(
        "requests for no block are answered at once",
        arguments: [
            ("42?randao_reveal=\(randao.hex)", 404, "no validator of the cluster proposes in slot 42"),
            ("39?randao_reveal=\(randao.hex)", 404, "slot 39 is over"),
            ("100?randao_reveal=\(randao.hex)", 503, "the duties of slot 100 are not known yet"),
            ("128?randao_reveal=\(randao.hex)", 404, "slot 128 is too far ahead"),
            ("\(UInt64.max)?randao_reveal=\(randao.hex)", 404, "slot \(UInt64.max) is too far ahead"),
            ("40", 400, "missing 0x-hex query parameter randao_reveal"),
            (
                "40?randao_reveal=", 400,
                "invalid length for 0x-hex query parameter randao_reveal, expect 96 bytes"
            ),
            ("40?randao_reveal=0xzz", 400, "invalid 0x-hex query parameter randao_reveal [0xzz]"),
            ("x", 400, "invalid uint path parameter slot [x]"),
            ("40?randao_reveal=\(randao.hex)&graffiti=hello", 400, "invalid 0x-hex query parameter graffiti [hello]"),
        ] as [(String, Int, String)])
    func refused(query: String, status: Int, message: String) async throws {
        let backend = Self.backend()
        try await TestServer.with(backend) { server in
            let answer = try await server.get("/eth/v3/validator/blocks/" + query)
            #expect(answer.status == status && answer.message == message)
            #expect(backend.submitted.isEmpty)
        }
    }

    @Test("a randao reveal that does not verify is refused")
    func badRandao() async throws {
        let backend = Self.backend(changing: { $0.verify = { _ in .refused("bad signature") } })
        try await TestServer.with(backend) { server in
            let answer = try await server.get(Self.wanted)
            #expect(answer.status == 400 && answer.message == "bad signature" && answer.json["failures"] == nil)
            #expect(backend.asked == ["verify 40/randao"])
        }
    }

    private static func post(
        _ server: TestServer, version: String = "v2", blinded: Bool = false, ssz: Bool = true, fork: String? = "Fulu",
        _ signed: VersionedSignedProposal
    ) async throws -> TestServer.Answer {
        try await post(
            server, version: version, blinded: blinded, ssz: ssz, fork: fork,
            bytes: ssz ? signed.objectBytes() : signed.json.bytes())
    }

    private static func post(
        _ server: TestServer, version: String = "v2", blinded: Bool = false, ssz: Bool = true, fork: String? = "Fulu",
        bytes: [UInt8]
    ) async throws -> TestServer.Answer {
        var headers: HeaderFields = [HeaderName.contentType: ssz ? MediaType.ssz : MediaType.json]
        if let fork { headers.append(HeaderName.consensusVersion, fork) }
        return try await server.send(
            "POST", "/eth/\(version)/beacon/\(blinded ? "blinded_blocks" : "blocks")?broadcast_validation=consensus",
            headers: headers, body: .bytes(ByteBuffer(bytes: bytes)))
    }

    @Test(
        "the decided block is taken back signed, in both versions and forms", arguments: [false, true], [false, true])
    func publish(blinded: Bool, ssz: Bool) async throws {
        let backend = Self.backend(blinded: blinded)
        let signed = Self.proposal(blinded: blinded).signed(with: Self.signature)
        try await TestServer.with(backend) { server in
            for version in ["v1", "v2"] {
                let answer = try await Self.post(server, version: version, blinded: blinded, ssz: ssz, signed)
                #expect(answer.status == 200 && answer.text.isEmpty)
            }
            #expect(backend.submitted.map(\.0) == [Duty(slot: 40, type: .proposer), Duty(slot: 40, type: .proposer)])
            let set = try #require(backend.submitted.first).1
            let partial = try #require(set[EntryKey(TestCluster.validatorA)])
            #expect(partial.data == .proposal(signed) && partial.shareIndex == TestCluster.own)
        }
    }

    @Test("a block that the cluster did not decide is refused and never shared")
    func other() async throws {
        let backend = Self.backend()
        try await TestServer.with(backend) { server in
            let other = try await Self.post(
                server, Self.proposal(blinded: false, graffiti: 1).signed(with: Self.signature))
            #expect(other.status == 400)
            #expect(other.message == "the block of slot 40 is not the one that the cluster decided")
            let blinded = try await Self.post(
                server, blinded: true, Self.proposal(blinded: true).signed(with: Self.signature))
            #expect(blinded.status == 400)
            let fork = try await Self.post(
                server, fork: "electra", Self.proposal(blinded: false).signed(with: Self.signature))
            #expect(fork.status == 400)
            #expect(backend.submitted.isEmpty && !backend.asked.contains { $0.hasPrefix("submit") })
        }
    }

    @Test("bodies that are no block of the header's fork are refused")
    func malformed() async throws {
        let backend = Self.backend()
        let signed = Self.proposal(blinded: false).signed(with: Self.signature)
        try await TestServer.with(backend) { server in
            let none = try await Self.post(server, fork: nil, signed)
            #expect(none.status == 400 && none.message == "missing consensus version header")
            let empty = try await Self.post(server, bytes: [])
            #expect(empty.status == 400 && empty.message == "empty request body")
            let cut = try await Self.post(server, bytes: Array(signed.objectBytes().dropLast()))
            #expect(cut.status == 415 && cut.message == "failed parsing ssz request body")
            let text = try await Self.post(server, ssz: false, bytes: signed.objectBytes())
            #expect(text.status == 400 && text.message == "failed parsing json request body")
            let bare = try await Self.post(server, ssz: false, bytes: Self.proposal(blinded: false).json.bytes())
            #expect(bare.status == 400)
            let old = try await Self.post(server, blinded: true, fork: "altair", signed)
            #expect(old.status == 415)
            #expect(backend.asked.isEmpty)
        }
    }
}
