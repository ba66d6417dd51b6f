import Ethereum
import SSZ
import TestSupport
import Testing

/// Values of the executable specification, made by Scripts/make-fixtures. Unlike the shared vectors, always here.
struct FixtureTests {
    @Test func everyContainerAgreesWithTheSpecification() throws {
        let cases = try #require(Fixtures.json("containers.json").array)
        var seen: Set<String> = []
        for testCase in cases {
            let name = try #require(testCase["container"]?.string)
            let preset: Preset = testCase["preset"]?.string == "minimal" ? .minimal : .mainnet
            let container = try #require(KnownContainer.named(name))
            let ssz = try Hex.decode(#require(testCase["ssz"]?.string), bytesMax: 1 << 20)
            let json = try #require(testCase["json"])
            for facts in [try container.readSSZ(ssz, preset), try container.readJSON(json, preset)] {
                #expect(facts.ssz == ssz, "\(name)")
                #expect(facts.json == json, "\(name)")
                #expect(facts.root.hex == testCase["root"]?.string, "\(name)")
            }
            seen.insert(name)
        }
        #expect(seen == Set(KnownContainer.all.map(\.name)))
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
