import Ethereum
import SSZ
import TestSupport
import Testing

/// The specification's own `ssz_static` values: `shared/vectors/core/ssz_static/<preset>/<fork>/<Container>.json`.
@Suite(.enabled(if: Vectors.has("core/ssz_static"), "needs the shared vectors"))
struct SSZStaticTests {
    @Test(arguments: SSZStaticFile.all.filter { $0.standing == .known })
    func agreesWithTheSpecification(file: SSZStaticFile) throws {
        let container = try #require(KnownContainer.named(file.container))
        let contents = try Vectors.json(file.path)
        let cases = try #require(contents["cases"]?.array)
        #expect(!cases.isEmpty)
        for testCase in cases {
            let ssz = try Hex.decode(#require(testCase["ssz"]?.string), bytesMax: 1 << 22)
            let json = try #require(testCase["json"])
            for facts in [try container.readSSZ(ssz, file.preset), try container.readJSON(json, file.preset)] {
                #expect(facts.ssz == ssz)
                #expect(facts.json == json)
                #expect(facts.root.hex == testCase["root"]?.string)
                if let messageRoot = (testCase["message_root"] ?? testCase["block_root"])?.string {
                    #expect(facts.messageRoot?.hex == messageRoot)
                }
            }
        }
    }

    @Test(
        .disabled("Gloas is a draft fork; its progressive containers are not implemented"),
        arguments: SSZStaticFile.all.filter { $0.standing == .draft })
    func draftForks(file: SSZStaticFile) {}

    /// Nothing is green by omission: only drafts are left out.
    @Test func everyFileIsAccountedFor() {
        let missing = SSZStaticFile.all.filter { $0.standing == .missing }
        #expect(missing.isEmpty, "no container for \(missing)")
        let known = Set(SSZStaticFile.all.map(\.container))
        for container in KnownContainer.all { #expect(known.contains(container.name), "no vectors: \(container)") }
    }
}

struct SSZStaticFile: Sendable, CustomStringConvertible {
    enum Standing { case known, missing, draft }

    let path: String
    let preset: Preset
    let fork: String
    let name: String

    var container: String { "\(fork)/\(name)" }
    var description: String { path.split(separator: "/").suffix(3).joined(separator: "/") }

    var standing: Standing {
        if ForkName(name: fork) == nil { return .draft }
        return KnownContainer.named(container) == nil ? .missing : .known
    }

    static let all: [SSZStaticFile] = Vectors.files(in: "core/ssz_static", withExtension: "json").compactMap { path in
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count == 5 else { return nil }
        return SSZStaticFile(
            path: path, preset: parts[2] == "minimal" ? .minimal : .mainnet, fork: parts[3],
            name: String(parts[4].dropLast(".json".count)))
    }
}
