import Ethereum
import SSZ
import TestSupport
import Testing

/// Values of the executable specification, made by Scripts/make-fixtures. Unlike the shared vectors, always here.
struct FixtureTests {
    @Test func everyContainerAgreesWithTheSpecification() throws {
        #expect(try checkedNames(in: "containers.json") == Set(KnownContainer.votesAndMore.map(\.name)))
    }

    /// Signed blocks of all forks contain every other container of blocks.
    @Test func everyBlockAgreesWithTheSpecification() throws {
        let signed = KnownContainer.blocks.map(\.name).filter {
            $0.contains("/SignedB") && !$0.hasSuffix("/SignedBLSToExecutionChange")
        }
        #expect(try checkedNames(in: "blocks.json") == Set(signed))
    }

    private func checkedNames(in file: String) throws -> Set<String> {
        var seen: Set<String> = []
        for testCase in try ContainerFixture.all(in: file) {
            let container = testCase.container
            for facts in [
                try container.readSSZ(testCase.ssz, testCase.preset),
                try container.readJSON(testCase.json, testCase.preset),
            ] {
                #expect(facts.ssz == testCase.ssz, "\(container)")
                #expect(facts.json == testCase.json, "\(container)")
                #expect(facts.root == testCase.root, "\(container)")
                if let messageRoot = testCase.messageRoot { #expect(facts.messageRoot == messageRoot, "\(container)") }
            }
            seen.insert(container.name)
        }
        return seen
    }

    @Test func everySigningRootAgreesWithTheSpecification() throws {
        let cases = try #require(Fixtures.json("signing.json").array)
        #expect(cases.count == 22)
        for testCase in cases {
            let preset: Preset = testCase["preset"]?.string == "minimal" ? .minimal : .mainnet
            let signing = try SigningCase(testCase, preset: preset)
            #expect(try signing.root().hex == testCase["signing_root"]?.string, "\(signing)")
        }
    }

    /// The preset matters: the same bytes have another root on another chain.
    @Test func rootsDependOnThePreset() {
        let attestation = AttestationElectra(
            aggregationBits: Bitlist(count: 3), data: AttestationData(), signature: .zero, committeeBits: Bitvector())
        #expect(attestation.hashTreeRoot(preset: .mainnet) != attestation.hashTreeRoot(preset: .minimal))
        #expect(AttestationData().hashTreeRoot(preset: .mainnet) == AttestationData().hashTreeRoot(preset: .minimal))
    }
}
