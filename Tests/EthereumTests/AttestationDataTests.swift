import Ethereum
import SSZ
import TestSupport
import Testing

@Suite(.enabled(if: Vectors.has("core/ssz_static"), "needs the shared vectors"))
struct AttestationDataTests {
    @Test func matchesTheSpecification() throws {
        let file = try Vectors.json("core/ssz_static/mainnet/phase0/AttestationData.json")
        for testCase in try #require(file["cases"]?.array) {
            let ssz = try Hex.decode(#require(testCase["ssz"]?.string), bytesMax: 1 << 20)
            let json = try #require(testCase["json"])
            let value = try AttestationData(ssz: ssz)
            #expect(value.sszBytes() == ssz)
            #expect(value.hashTreeRoot().hex == testCase["root"]?.string)
            #expect(value.json() == json)
            #expect(try AttestationData(json: json) == value)
        }
    }
}
