import Ethereum
import SSZ
import Testing

struct VersionedProposalTests {
    @Test func everyFormIsThere() {
        let forms = ProposalFixture.all.filter { $0.preset == .mainnet }.map { "\($0.fork) \($0.blinded)" }
        #expect(
            forms == [
                "phase0 false", "altair false", "bellatrix false", "bellatrix true", "capella false", "capella true",
                "deneb true", "deneb false", "electra true", "electra false", "fulu true", "fulu false",
            ])
    }

    @Test(arguments: ProposalFixture.all)
    func signedProposalsSurvive(fixture: ProposalFixture) throws {
        let signed = try fixture.read()
        #expect(signed.objectBytes() == fixture.signedBytes)
        #expect(signed.json == fixture.signedJSON)
        #expect(signed.messageRoot == fixture.messageRoot)
        let again = try VersionedSignedProposal(
            fork: fixture.fork, blinded: fixture.blinded, json: fixture.signedJSON, preset: fixture.preset)
        #expect(again == signed)
        #expect(again.hashValue == signed.hashValue)
        #expect(again.objectBytes() == fixture.signedBytes)
    }

    @Test(arguments: ProposalFixture.all)
    func unsignedProposalsSurvive(fixture: ProposalFixture) throws {
        let json = try #require(fixture.unsignedJSON)
        let proposal = try VersionedProposal(
            fork: fixture.fork, blinded: fixture.blinded, json: json, preset: fixture.preset)
        let bytes = proposal.objectBytes()
        #expect(proposal.json == json)
        let again = try VersionedProposal(
            fork: fixture.fork, blinded: fixture.blinded, objectBytes: bytes, preset: fixture.preset)
        #expect(again == proposal)
        #expect(again.objectBytes() == bytes)
        #expect(again.messageRoot == fixture.messageRoot)
        let signed = try fixture.read()
        #expect(signed.proposal == proposal)
        #expect(proposal.signed(with: signed.signature) == signed)
        #expect(proposal.signed(with: signed.signature).objectBytes() == fixture.signedBytes)
    }

    @Test(arguments: ProposalFixture.all)
    func showsWhatTheClusterLooksAt(fixture: ProposalFixture) throws {
        let signed = try fixture.read()
        let proposal = signed.proposal
        let block = try #require(fixture.blockJSON)
        let body = try block.member("body")
        #expect(proposal.fork == fixture.fork)
        #expect(proposal.isBlinded == fixture.blinded)
        #expect(proposal.slot.description == block["slot"]?.string)
        #expect(proposal.proposerIndex.description == block["proposer_index"]?.string)
        #expect(proposal.summary.parentRoot.hex == block["parent_root"]?.string)
        #expect(proposal.randaoReveal.hex == body["randao_reveal"]?.string)
        #expect(proposal.graffiti.hex == body["graffiti"]?.string)
        let payload = body["execution_payload"] ?? body["execution_payload_header"]
        #expect(proposal.feeRecipient?.hex == payload?["fee_recipient"]?.string)
        #expect(signed.signature.hex == (fixture.signedJSON["signed_block"] ?? fixture.signedJSON)["signature"]?.string)
    }

    /// eth2-types.md §9: what validators sign does not tell whether a builder made the block.
    @Test(arguments: [ForkName.bellatrix, .capella, .deneb, .electra, .fulu])
    func blindedAndFullHaveOneRoot(fork: ForkName) throws {
        let forms = try ProposalFixture.all.filter { $0.fork == fork && $0.preset == .mainnet }.map { try $0.read() }
        #expect(forms.map(\.isBlinded).sorted { !$0 && $1 } == [false, true])
        #expect(Set(forms.map(\.messageRoot)).count == 1)
        #expect(forms[0] != forms[1])
        #expect(forms[0].proposal != forms[1].proposal)
    }

    @Test func anotherSignatureIsAnotherValueOfTheSameBlock() throws {
        let fixture = try #require(ProposalFixture.all.last)
        let signed = try fixture.read()
        var other = signed
        other.signature = SignatureBytes(padding: [1, 2, 3])
        #expect(other != signed)
        #expect(other.proposal == signed.proposal)
        #expect(other.messageRoot == signed.messageRoot)
        other.signature = signed.signature
        #expect(other == signed)
    }

    @Test(arguments: [ForkName.phase0, .altair])
    func noBlindedBlocksBeforeBellatrix(fork: ForkName) {
        #expect(throws: ProposalError.blinded(fork: fork)) {
            try VersionedProposal(fork: fork, blinded: true, objectBytes: [])
        }
        #expect(throws: ProposalError.blinded(fork: fork)) {
            try VersionedSignedProposal(fork: fork, blinded: true, json: [:])
        }
    }

    @Test func errorsNameForkAndPlace() throws {
        let error = #expect(throws: ProposalError.self) {
            try VersionedProposal(fork: .fulu, blinded: false, json: ["block": ["slot": 5]])
        }
        #expect(error?.description == "fulu proposal: block.slot: expected decimal text")
    }

    /// Only a mainnet of other sizes: the same bytes, another root.
    @Test func withdrawalLimitsChangeTheRoot() throws {
        let fixture = try #require(ProposalFixture.all.first { $0.fork == .capella && !$0.blinded })
        var gnosis = Preset.mainnet
        gnosis.maxWithdrawalsPerPayload = 8
        let there = try VersionedSignedProposal(
            fork: .capella, blinded: false, objectBytes: fixture.signedBytes, preset: gnosis)
        #expect(there.messageRoot != fixture.messageRoot)
        #expect(try there != fixture.read())
    }
}

/// Blocks with blobs, too large for fixtures.
struct ProposalBlobTests {
    static func contents(blobs count: Int, fill: UInt8 = 0) -> BlockContents<Fulu> {
        var contents = BlockContents<Fulu>()
        contents.block.slot = 77
        contents.block.body.executionPayload.execution.transactions = [[1, 2, 3], [], [4]]
        contents.kzgProofs = Array(repeating: Bytes48(padding: [7]), count: 128 * count)
        contents.blobs = Blobs(
            (0..<count).flatMap { [UInt8](repeating: UInt8($0) &+ fill, count: Blobs.blobBytes) }[...])
        return contents
    }

    @Test(arguments: [0, 1, 3])
    func survive(count: Int) throws {
        let contents = Self.contents(blobs: count)
        let proposal = VersionedProposal(contents)
        #expect(proposal.objectBytes() == contents.sszBytes())
        #expect(proposal.messageRoot == contents.block.hashTreeRoot())
        let read = try VersionedProposal(fork: .fulu, blinded: false, objectBytes: proposal.objectBytes())
        #expect(read == proposal)
        #expect(try VersionedProposal(fork: .fulu, blinded: false, json: proposal.json) == proposal)
        let signed = proposal.signed(with: SignatureBytes(padding: [9]))
        let again = try VersionedSignedProposal(fork: .fulu, blinded: false, objectBytes: signed.objectBytes())
        #expect(again == signed)
        #expect(again.proposal.objectBytes() == contents.sszBytes())
    }

    /// The root does not cover them, so equality must.
    @Test func countForEquality() {
        let proposal = VersionedProposal(Self.contents(blobs: 2))
        for other in [Self.contents(blobs: 1), Self.contents(blobs: 2, fill: 1)] {
            let other = VersionedProposal(other)
            #expect(other.messageRoot == proposal.messageRoot)
            #expect(other != proposal)
        }
        var proofs = Self.contents(blobs: 2)
        proofs.kzgProofs[5] = .zero
        #expect(VersionedProposal(proofs) != proposal)
        #expect(VersionedProposal(Self.contents(blobs: 2)) == proposal)
    }

    @Test func areReadStrictly() {
        var small = Preset.mainnet
        small.maxBlobCommitmentsPerBlock = 2
        let bytes = Self.contents(blobs: 3).blobs.sszBytes()
        #expect(throws: SSZError(.limit(2))) { try Blobs(ssz: bytes, preset: small) }
        #expect(throws: SSZError(.elementSize(131_072))) { try Blobs(ssz: bytes.dropLast()) }
        #expect(throws: SSZError(.limit(2))) { try Blobs(json: ["0x", "0x", "0x"], preset: small) }
        #expect(throws: SSZError(.length(expected: 131_072, actual: 0)).inside("[0]")) { try Blobs(json: ["0x"]) }
    }

    /// FIELD_ELEMENTS_PER_EXT_BLOB times as many from Fulu on. Source: eth2-types.md §3.7, the table.
    @Test func proofLimitsGrowWithFulu() throws {
        var small = Preset.mainnet
        small.maxBlobCommitmentsPerBlock = 2
        var contents = BlockContents<Fulu>()
        contents.kzgProofs = Array(repeating: .zero, count: 2 * 8192)
        #expect(try BlockContents<Fulu>(ssz: contents.sszBytes(), preset: small).kzgProofs == contents.kzgProofs)
        #expect(throws: SSZError(.limit(2)).inside("kzg_proofs")) {
            try BlockContents<Electra>(ssz: contents.sszBytes(), preset: small)
        }
        contents.kzgProofs.append(.zero)
        #expect(throws: SSZError(.limit(16_384)).inside("kzg_proofs")) {
            try BlockContents<Fulu>(ssz: contents.sszBytes(), preset: small)
        }
    }
}
