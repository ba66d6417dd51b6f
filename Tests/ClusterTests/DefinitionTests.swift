import Cluster
import Ethereum
import SSZ
import TestSupport
import Testing

@Suite struct DefinitionTests {
    static let golden = "cluster/charon/cluster/testdata/cluster_definition_v1_10_0.json"
    static let hashing = "cluster/dv-specs/cluster_hashing.json"

    @Test("the golden file has the hashes it says and is written back byte for byte", .enabled(if: Vectors.has(golden)))
    func goldenFile() throws {
        let bytes = try Vectors.data(Self.golden)
        let definition = try Definition(json: bytes)
        #expect(try definition.computedConfigHash() == definition.configHash)
        #expect(try definition.computedDefinitionHash() == definition.definitionHash)
        #expect(try definition.encoded() == bytes)
    }

    @Test("hashes agree with the specification's cases", .enabled(if: Vectors.has(hashing)))
    func hashCases() throws {
        let cases = try #require(Vectors.json(Self.hashing)["definition"]?.array)
        #expect(cases.count == 6)
        for item in cases {
            let name = try #require(item["name"]?.string)
            let input = try #require(item["input"])
            let definition = try Definition(json: input.bytes()).withHashes()
            #expect(definition.configHash == (try hash(item, "config_hash")), "\(name)")
            #expect(definition.definitionHash == (try hash(item, "definition_hash")), "\(name)")
        }
    }
}

func hash(_ item: JSONValue, _ name: String) throws -> Root { try Root(hex: #require(item[name]?.string)) }
