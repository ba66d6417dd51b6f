import Cluster
import Ethereum
import SSZ
import Secp256k1
import TestSupport
import Testing

@Suite struct LockTests {
    /// Every lock that Charon wrote, of all versions; those of its tests have random contents.
    static let files =
        (Vectors.files(in: "cluster", withExtension: "json").filter { path in
            let name = path.split(separator: "/").last ?? ""
            return !path.contains("/examples/") && (name.contains("cluster-lock") || name.hasPrefix("cluster_lock"))
        } + ["wire/charon-v1.10.3/cluster-lock.json"]).filter(Vectors.has)

    @Test(
        "locks have the hashes they say and are written back byte for byte", .enabled(if: !files.isEmpty),
        arguments: files)
    func roundTrip(file: String) throws {
        let bytes = try Vectors.data(file)
        let lock = try Lock(json: bytes)
        #expect(try lock.withHashes() == lock)
        #expect(try lock.encoded() == bytes)
    }

    @Test("a lock with everything odd hashes and is written as an independent implementation does")
    func goldenRoundTrip() throws {
        let lock = try Lock(json: Array(goldenLock.utf8))
        #expect(try lock.withHashes() == lock)
        #expect(String(decoding: try lock.encoded(), as: UTF8.self) == goldenLock)
    }

    @Test("hashes agree with the specification's cases", .enabled(if: Vectors.has(DefinitionTests.hashing)))
    func hashCases() throws {
        let cases = try #require(Vectors.json(DefinitionTests.hashing)["lock"]?.array)
        #expect(cases.count == 4)
        for item in cases {
            let name = try #require(item["name"]?.string)
            let input = try #require(item["input"])
            let lock = try Lock(json: input.bytes()).withHashes()
            #expect(lock.lockHash == (try hash(item, "lock_hash")), "\(name)")
            guard name.hasPrefix("real_keys") else { continue }
            // Signatures of the definition and the registration are made up, the others are real.
            let others = lock.failures.filter {
                !$0.hasPrefix("cluster_definition.") && !$0.hasSuffix(".builder_registration")
            }
            #expect(others.isEmpty)
        }
    }

    static let examples = Vectors.files(in: "cluster/charon/cluster/examples", withExtension: "json").filter {
        $0.contains("cluster-lock")
    }

    @Test(
        "Charon's examples verify, and read what is written again", .enabled(if: !examples.isEmpty), arguments: examples
    )
    func example(file: String) throws {
        let lock = try Lock(json: Vectors.data(file))
        let report = lock.verification(customNetwork: nil, deposits: true).report
        try report.requirePassed()
        let passed = Set(report.checks.filter { $0.result == .passed }.map(\.kind))
        #expect(passed.isSuperset(of: [.lockHash, .sharing, .signatureAggregate]))
        // One of them is signed by everybody.
        let signed: Set<Check.Kind> = [
            .signers, .operatorConfigSignature, .operatorENRSignature, .creatorSignature, .builderRegistrations,
            .nodeSignatures,
        ]
        #expect(passed.isSuperset(of: signed) == file.hasSuffix("-003.json"))
        #expect(try Lock(json: lock.encoded()) == lock)
    }

    @Test("a captured lock verifies in full", .enabled(if: Vectors.has("wire/charon-v1.10.3")))
    func captured() throws {
        let lock = try Lock(json: Vectors.data("wire/charon-v1.10.3/cluster-lock.json"))
        let custom = try Network.custom(
            name: "capture", forkVersion: lock.definition.forkVersion.hex, chainID: 1, genesisTime: 1)
        let file = try LockFile(lock, customNetwork: custom)
        let keys = try #require(Vectors.json("wire/charon-v1.10.3/test-keys.json")["enr_private_keys"]?.array)
        for (i, key) in keys.enumerated() {
            let key = try PrivateKey(Hex.decode(#require(key.string), bytesMax: 32))
            #expect(file.keys.peerIndex(of: key.publicKey) == i)
        }
    }

    @Test("writing and reading are inverse", arguments: [3, 4, 7])
    func inverse(nodes: Int) throws {
        let lock = try Samples.cluster(nodes: nodes).lock
        #expect(try Lock(json: lock.encoded()) == lock)
    }

    /// Path, new value (nil removes), and the start of the expected complaint.
    @Test(
        "refuses malformed content and names the place",
        arguments: [
            ("cluster_definition", .array([]), "cluster_definition: expected an object"),
            ("cluster_definition", nil, "version: \"\" is not supported"),
            ("cluster_definition/version", nil, "version: \"\" is not supported"),
            ("cluster_definition/version", "v1.12.0", "version: \"v1.12.0\" is not supported"),
            ("cluster_definition/version", 110, "cluster_definition.version: expected a string"),
            ("cluster_definition/name", 7, "cluster_definition.name: expected a string"),
            ("cluster_definition/operators", [:], "cluster_definition.operators: expected an array"),
            ("cluster_definition/operators/1", "x", "cluster_definition.operators[1]: expected an object"),
            ("cluster_definition/operators/1/enr", 5, "cluster_definition.operators[1].enr: expected a string"),
            (
                "cluster_definition/operators/1/config_signature", "0xabc",
                "cluster_definition.operators[1].config_signature: odd number of hex digits"
            ),
            (
                "cluster_definition/operators/1/enr_signature", .string(String(repeating: "00", count: 2081)),
                "cluster_definition.operators[1].enr_signature: more than 2080 bytes"
            ),
            (
                "cluster_definition/operators",
                .array([JSONValue](repeating: [:], count: 257)),
                "cluster_definition.operators: 257 entries, at most 256"
            ),
            (
                "cluster_definition/num_validators", 3,
                "cluster_definition.validators: 2 entries, but num_validators is 3"
            ),
            (
                "cluster_definition/num_validators", nil,
                "cluster_definition.validators: 2 entries, but num_validators is 0"
            ),
            ("cluster_definition/num_validators", -2, "cluster_definition.num_validators: expected a whole number"),
            ("cluster_definition/num_validators", "2", "cluster_definition.num_validators: expected a whole number"),
            (
                "cluster_definition/num_validators", .number("2.0"),
                "cluster_definition.num_validators: expected a whole"
            ),
            (
                "cluster_definition/num_validators", .number("1e30"),
                "cluster_definition.num_validators: expected a whole"
            ),
            ("cluster_definition/num_validators", 65537, "cluster_definition.num_validators: expected a whole number"),
            ("cluster_definition/threshold", .number("99999999999999999999"), "cluster_definition.threshold: expected"),
            ("cluster_definition/fork_version", "0x100009", "cluster_definition.fork_version: expected 4 bytes"),
            ("cluster_definition/fork_version", "0x1000091000", "cluster_definition.fork_version: more than 4 bytes"),
            ("cluster_definition/fork_version", "0x1000091g", "cluster_definition.fork_version: not a hex digit"),
            (
                "cluster_definition/deposit_amounts", [32_000_000_000],
                "cluster_definition.deposit_amounts[0]: expected an"
            ),
            (
                "cluster_definition/deposit_amounts", ["0x20"],
                "cluster_definition.deposit_amounts[0]: expected an"
            ),
            (
                "cluster_definition/deposit_amounts", ["32"],
                "cluster_definition.deposit_amounts[0]: 32 Gwei is not between"
            ),
            (
                "cluster_definition/deposit_amounts", ["1000000000"],
                "cluster_definition.deposit_amounts: 1000000000 Gwei in"
            ),
            (
                "cluster_definition/deposit_amounts", .array([JSONValue](repeating: "1000000000", count: 257)),
                "cluster_definition.deposit_amounts: 257 entries"
            ),
            (
                "cluster_definition/target_gas_limit", "60000000",
                "cluster_definition.target_gas_limit: expected a whole"
            ),
            ("cluster_definition/compounding", 1, "cluster_definition.compounding: expected true or false"),
            ("cluster_definition/config_hash", "0x00", "cluster_definition.config_hash: expected 32 bytes"),
            ("distributed_validators", "x", "distributed_validators: expected an array"),
            (
                "distributed_validators", .array([JSONValue](repeating: .null, count: 65537)),
                "distributed_validators: 65537 entries, at most 65536"
            ),
            (
                "distributed_validators/0/distributed_public_key", 5,
                "distributed_validators[0].distributed_public_key: exp"
            ),
            (
                "distributed_validators/0/distributed_public_key", .string(String(repeating: "00", count: 49)),
                "distributed_validators[0].distributed_public_key: more than 48 bytes"
            ),
            (
                "distributed_validators/1/public_shares/2", true,
                "distributed_validators[1].public_shares[2]: expected hex"
            ),
            (
                "distributed_validators/1/public_shares", .array([JSONValue](repeating: "0x00", count: 257)),
                "distributed_validators[1].public_shares: 257 entries"
            ),
            (
                "distributed_validators/1/builder_registration/message/timestamp", "1742213400",
                "distributed_validators[1].builder_registration.message.timestamp: expected a whole number"
            ),
            (
                "distributed_validators/1/partial_deposit_data/0/amount", 1_000_000_000,
                "distributed_validators[1].partial_deposit_data[0].amount: expected an amount"
            ),
            (
                "distributed_validators/1/partial_deposit_data/0/amount", "9223372036854775808",
                "distributed_validators[1].partial_deposit_data[0].amount: expected an amount"
            ),
            (
                "signature_aggregate", .string(String(repeating: "00", count: 97)),
                "signature_aggregate: more than 96 bytes"
            ),
            ("lock_hash", "0x12", "lock_hash: expected 32 bytes"),
            ("node_signatures", .array([JSONValue](repeating: "0x00", count: 257)), "node_signatures: 257 entries"),
            ("LOCK_HASH", "0x12", "lock_hash: occurs twice"),
        ] as [(String, JSONValue?, String)])
    func malformed(path: String, value: JSONValue?, complaint: String) throws {
        let json = try JSONValue(parsing: Samples.cluster().lock.encoded())
        let bytes = json.replacing(path.split(separator: "/").map(String.init), with: value).bytes()
        let error = #expect(throws: ClusterError.self) { try Lock(json: bytes) }
        let text = error.map(\.description) ?? ""
        #expect(text.lowercased().hasPrefix(complaint.lowercased()), "\(text)")
    }

    @Test(
        "refuses what is not one JSON object",
        arguments: ["", "null", "[]", "{", "{}{}", "{\"a\":1,\"a\":2}", "{} x", "\u{FEFF}{}"])
    func notAnObject(text: String) {
        #expect(throws: ClusterError.self) { try Lock(json: Array(text.utf8)) }
    }

    @Test("no prefix of a lock is a lock, and no changed byte makes it trap")
    func truncated() throws {
        let bytes = try Samples.cluster(nodes: 3, validators: 1).lock.encoded()
        for count in stride(from: 0, to: bytes.count, by: 97) {
            #expect(throws: ClusterError.self) { try Lock(json: Array(bytes.prefix(count))) }
        }
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<300 {
            var changed = bytes
            changed[Int.random(in: changed.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            _ = try? Lock(json: changed).withHashes()
        }
    }
}
