import Cluster
import Ethereum
import SSZ
import TestSupport
import Testing

@Suite struct DefinitionTests {
    static let hashing = "cluster/dv-specs/cluster_hashing.json"
    static let incorrectVersion = "cluster/pluto/cluster_definition_incorrect_version.json"

    /// Charon's own, of all versions.
    static let goldens = Vectors.files(in: "cluster/charon/cluster/testdata", withExtension: "json").filter {
        $0.contains("cluster_definition")
    }

    @Test(
        "golden files have the hashes they say and are written back byte for byte", .enabled(if: !goldens.isEmpty),
        arguments: goldens)
    func goldenFile(file: String) throws {
        let bytes = try Vectors.data(file)
        let definition = try Definition(json: bytes)
        #expect(try definition.computedConfigHash() == definition.configHash)
        #expect(try definition.computedDefinitionHash() == definition.definitionHash)
        #expect(try definition.encoded() == bytes)
    }

    @Test("there is a golden file of every version", .enabled(if: !goldens.isEmpty))
    func goldenVersions() throws {
        let versions = try Self.goldens.map { try Definition(json: Vectors.data($0)).version }
        #expect(versions.sorted() == FileVersion.allCases)
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

    static let examples = Vectors.files(in: "cluster/charon/cluster/examples", withExtension: "json").filter {
        $0.contains("cluster-definition")
    }

    @Test("Charon's examples verify: signed, solo, unsigned", .enabled(if: !examples.isEmpty), arguments: examples)
    func example(file: String) throws {
        let definition = try Definition(json: Vectors.data(file))
        let report = definition.verification(customNetwork: nil)
        try report.requirePassed()
        let signatures = report.checks.filter { $0.kind == .operatorConfigSignature && $0.result == .passed }.count
        let isSigned = file.hasSuffix("-001.json")
        #expect(signatures == (isSigned ? definition.operators.count : 0))
        let creator = report.checks.first { $0.kind == .creatorSignature }
        let isUnsigned = definition.creator == Creator()
        #expect((creator?.result == .passed) == !isUnsigned)
        #expect(try Definition(json: definition.encoded()) == definition)
    }

    @Test("the definition of a captured ceremony verifies", .enabled(if: Vectors.has("cluster/captured/dkg-v1.10.3")))
    func captured() throws {
        let bytes = try Vectors.data("cluster/captured/dkg-v1.10.3/cluster-definition.json")
        let definition = try Definition(json: bytes)
        try definition.verification(customNetwork: nil).requirePassed()
        #expect(try definition.operatorKeys().count == 4)
        #expect(try definition.encoded() == bytes)
    }

    @Test("a version nobody wrote is refused by name", .enabled(if: Vectors.has(incorrectVersion)))
    func foreignVersionFile() throws {
        let bytes = try Vectors.data(Self.incorrectVersion)
        let found = try #require(JSONValue(parsing: bytes)["version"]?.string)
        #expect(throws: ClusterError.unsupportedVersion(found)) { try Definition(json: bytes) }
    }

    @Test(
        "other versions are refused with their name and the supported ones",
        arguments: [
            "v0.9.0", "v1.12.0", "v1.10.1", "v1.10", "1.10.0", "V1.10.0", "",
        ])
    func foreignVersion(version: String) throws {
        let json = try JSONValue(parsing: Samples.cluster().lock.definition.encoded())
        let bytes = json.replacing(["version"], with: .string(version)).bytes()
        #expect(throws: ClusterError.unsupportedVersion(version)) { try Definition(json: bytes) }
        let text = ClusterError.unsupportedVersion(version).description
        #expect(text.contains("\"\(version)\"") && text.contains("v1.10.0"))
    }

    @Test("writing follows Go: order, one space, null for no list, names left out when empty, escapes")
    func layout() throws {
        var definition = Definition()
        definition.forkVersion = try Bytes4(hex: "0x10000910")
        definition.depositAmounts = [Gwei(32_000_000_000)]
        let text = String(decoding: try definition.encoded(), as: UTF8.self)
        let head = """
            {
             "creator": {
              "address": "",
              "config_signature": ""
             },
             "operators": null,
             "uuid": "",
             "version": "v1.10.0",
             "num_validators": 0,
             "threshold": 0,
             "validators": null,
             "dkg_algorithm": "",
             "fork_version": "0x10000910",
             "deposit_amounts": [
              "32000000000"
             ],
             "consensus_protocol": "",
             "target_gas_limit": 0,
             "compounding": false,
             "config_hash": "0x
            """
        #expect(text.hasPrefix(head))
        #expect(text.hasSuffix("\"\n}"))
        definition.name = "a<b>&\u{2028}\""
        definition.timestamp = "2026-11-23T20:59:39Z"
        let named = String(decoding: try definition.encoded(), as: UTF8.self)
        #expect(named.hasPrefix("{\n \"name\": \"a\\u003cb\\u003e\\u0026\\u2028\\\"\",\n \"creator\""))
        #expect(
            named.contains(
                "\n \"version\": \"v1.10.0\",\n \"timestamp\": \"2026-11-23T20:59:39Z\",\n \"num_validators\""))
    }

    @Test("reading is as tolerant as Go's: unknown members, any case of names, null, hex without prefix")
    func tolerance() throws {
        let definition = try Samples.cluster().lock.definition
        let text = String(decoding: try definition.encoded(), as: UTF8.self)
        let other =
            text
            .replacingOccurrences(of: "\"uuid\"", with: "\"UUID\"")
            .replacingOccurrences(of: "\"config_hash\": \"0x", with: "\"extra\": {\"a\": [1]}, \"config_hash\": \"")
            .replacingOccurrences(of: "\"0x10000910\"", with: "\"10000910\"")
            .replacingOccurrences(of: "\"consensus_protocol\": \"\"", with: "\"consensus_protocol\": null")
            .replacingOccurrences(of: "\"deposit_amounts\": null", with: "\"deposit_amounts\": []")
        #expect(other != text)
        #expect(try Definition(json: Array(other.utf8)) == definition)
    }

    @Test("everything the config hash covers changes it, nothing else does")
    func configHashCoverage() throws {
        let base = try Samples.cluster().lock.definition
        let changes: [(String, (inout Definition) -> Void)] = [
            ("uuid", { $0.uuid += "1" }), ("name", { $0.name += "1" }), ("timestamp", { $0.timestamp += "1" }),
            ("threshold", { $0.threshold += 1 }), ("dkg", { $0.dkgAlgorithm = "frost" }),
            ("fork", { $0.forkVersion = .zero }), ("operator", { $0.operators[1].address = Samples.address }),
            ("creator", { $0.creator.address = Samples.address }),
            ("operators", { $0.operators.removeLast() }), ("validators", { $0.validators.removeLast() }),
            ("fee", { $0.validators[1].feeRecipient = "0x" + String(repeating: "1", count: 40) }),
            ("withdrawal", { $0.validators[0].withdrawal = "" }),
            ("amounts", { $0.depositAmounts = [Gwei(32_000_000_000)] }),
            ("protocol", { $0.consensusProtocol = "qbft" }), ("gas", { $0.targetGasLimit += 1 }),
            ("compounding", { $0.compounding = true }),
        ]
        var seen = [try base.computedConfigHash()]
        for (name, change) in changes {
            var changed = base
            change(&changed)
            let hash = try changed.computedConfigHash()
            #expect(!seen.contains(hash), "\(name)")
            seen.append(hash)
        }
        var signed = base
        signed.operators[0].enr += "x"
        signed.operators[0].configSignature = [UInt8](repeating: 1, count: 65)
        signed.operators[0].enrSignature = [UInt8](repeating: 1, count: 65)
        signed.creator.configSignature = [UInt8](repeating: 1, count: 65)
        #expect(try signed.computedConfigHash() == base.computedConfigHash())
        #expect(try signed.computedDefinitionHash() != base.computedDefinitionHash())
    }

    @Test(
        "what does not fit the hash is refused, not cut",
        arguments: [
            Mutation("name") { $0.name = String(repeating: "n", count: 257) },
            Mutation("uuid") { $0.uuid = String(repeating: "n", count: 65) },
            Mutation("timestamp") { $0.timestamp = String(repeating: "n", count: 33) },
            Mutation("dkg_algorithm") { $0.dkgAlgorithm = String(repeating: "n", count: 33) },
            Mutation("consensus_protocol") { $0.consensusProtocol = String(repeating: "n", count: 257) },
            Mutation("operators[0].enr") { $0.operators[0].enr = String(repeating: "n", count: 1025) },
            Mutation("operators[0].address") { $0.operators[0].address = "0x01" },
            Mutation("creator.address") { $0.creator.address = "dead" },
            Mutation("validators[1].fee_recipient_address") { $0.validators[1].feeRecipient = "vitalik.eth" },
            Mutation("operators") { $0.operators = [Operator](repeating: Operator(), count: 257) },
            Mutation("deposit_amounts") { $0.depositAmounts = [Gwei](repeating: Gwei(1), count: 257) },
        ] as [Mutation<Definition>])
    func bounds(mutation: Mutation<Definition>) throws {
        var definition = try Samples.cluster().lock.definition
        mutation.change(&definition)
        let error = #expect(throws: ClusterError.self) { try definition.withHashes() }
        guard case .field(let found, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found == mutation.field)
    }
}

func hash(_ item: JSONValue, _ name: String) throws -> Root { try Root(hex: #require(item[name]?.string)) }
