import BLS
import Cluster
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@Suite struct ClusterCreationTests {
    static let output = "cluster/charon/cmd/testdata/TestCreateCluster_goerli_output.golden"
    static let files = "cluster/charon/cmd/testdata/TestCreateCluster_goerli_files.golden"

    /// Nodes, default threshold, validators.
    @Test(
        "what is created loads, verifies and recombines on every node",
        arguments: [
            (3, 2, 1), (3, 2, 4), (4, 3, 1), (4, 3, 4), (7, 5, 1), (7, 5, 4), (10, 7, 1), (10, 7, 4),
        ])
    func createLoadVerify(nodes: Int, threshold: Int, validators: Int) throws {
        var generator = SeededGenerator(seed: UInt64(nodes * 10 + validators))
        let directory = try TemporaryDirectory()
        let cluster = try ClusterCreation(
            Samples.options(nodes: nodes, validators: validators), now: Samples.now, using: &generator)
        try cluster.write(to: directory.file("a/b"), concurrency: 2, using: &generator)

        var shares: [[SecretKey]] = []
        for i in 0..<nodes {
            let node = directory.file("a/b/node\(i)")
            let file = try LockFile.load("\(node)/cluster-lock.json")
            #expect(file.lock == cluster.lock)
            #expect(file.lock.definition.threshold == threshold)
            let identity = try IdentityKeyFile.load("\(node)/charon-enr-private-key")
            #expect(file.keys.peerIndex(of: identity.publicKey) == i)
            let keys = try KeystoreDirectory.loadSequenced("\(node)/validator_keys", concurrency: 2)
            try file.keys.verify(shares: keys, ofPeer: i)
            shares.append(keys)
        }
        let keys = try ClusterKeys(cluster.lock)
        for v in 0..<validators {
            // The last nodes, so that share indexes are not 1 to t.
            let subset = (nodes - threshold..<nodes).map { ($0 + 1, shares[$0][v]) }
            let secret = try SecretKey.recover(from: Dictionary(uniqueKeysWithValues: subset))
            #expect(secret.publicKey == keys.validators[v].publicKey)
            let few = try SecretKey.recover(from: Dictionary(uniqueKeysWithValues: subset.dropFirst()))
            #expect(few.publicKey != keys.validators[v].publicKey)
        }
    }

    @Test("files have Charon's names and modes")
    func layout() throws {
        let directory = try TemporaryDirectory()
        var generator = SeededGenerator(seed: 1)
        try Samples.cluster(nodes: 3, validators: 1).write(to: directory.path, concurrency: 1, using: &generator)
        let node = [
            "charon-enr-private-key", "cluster-lock.json", "deposit-data-1eth.json", "deposit-data.json",
            "validator_keys", "validator_keys/keystore-insecure-0.json", "validator_keys/keystore-insecure-0.txt",
        ]
        #expect(directory.names == (0..<3).flatMap { i in ["node\(i)"] + node.map { "node\(i)/\($0)" } })
        for (name, mode) in [
            ("", 0o755), ("/charon-enr-private-key", 0o600), ("/cluster-lock.json", 0o400),
            ("/deposit-data.json", 0o444), ("/deposit-data-1eth.json", 0o444),
        ] {
            #expect(try directory.mode("node2\(name)") == mode, "\(name)")
        }
    }

    @Test(
        "files and output are those of Charon's golden files", .enabled(if: Vectors.has(output) && Vectors.has(files)))
    func goldenFiles() throws {
        let directory = try TemporaryDirectory()
        var generator = SeededGenerator(seed: 1)
        let cluster = try Samples.cluster(nodes: 3, validators: 1)
        try cluster.write(to: directory.path, concurrency: 1, using: &generator)
        let expected = try #require(Vectors.json(Self.files).array).compactMap(\.string)
        #expect(directory.names.filter { $0.split(separator: "/").count <= 2 } == expected.sorted())
        #expect(cluster.summary(directory: "charon") == String(decoding: try Vectors.data(Self.output), as: UTF8.self))
        let four = "cluster/charon/cmd/testdata/TestCreateCluster_simnet_output.golden"
        #expect(
            try Samples.cluster(nodes: 4).summary(directory: "charon/")
                == String(decoding: try Vectors.data(four), as: UTF8.self))
    }

    @Test("the definition says what was asked for")
    func definition() throws {
        var options = Samples.options(nodes: 5, validators: 2)
        options.threshold = 5
        options.feeRecipients = [
            "0x1111111111111111111111111111111111111111", "0x2222222222222222222222222222222222222222",
        ]
        options.withdrawalAddresses = ["0x3333333333333333333333333333333333333333"]
        options.depositAmounts = [24, 8, 8]
        options.targetGasLimit = 36_000_000
        options.consensusProtocol = "qbft"
        options.network = try #require(
            try .custom(name: "devnet", forkVersion: "0x10000038", chainID: 3151908, genesisTime: 1_700_000_000))
        var generator = SeededGenerator(seed: 1)
        let cluster = try ClusterCreation(options, now: Samples.now, using: &generator)
        let definition = cluster.lock.definition
        #expect(definition.version == .v1_10)
        #expect(definition.timestamp == "2026-11-23T20:59:39Z")
        #expect(definition.threshold == 5)
        #expect(definition.dkgAlgorithm == "default")
        #expect(definition.forkVersion.hex == "0x10000038")
        #expect(definition.depositAmounts.map(\.rawValue) == [24_000_000_000, 8_000_000_000, 8_000_000_000])
        #expect(definition.validators.map(\.feeRecipient) == options.feeRecipients)
        #expect(
            definition.validators.map(\.withdrawal) == [options.withdrawalAddresses[0], options.withdrawalAddresses[0]])
        #expect(definition.creator == Creator())
        #expect(definition.operators.allSatisfy { $0.address.isEmpty && $0.configSignature.isEmpty })
        let uuid = Array(definition.uuid)
        #expect(uuid.count == 36 && uuid[14] == "4" && "89AB".contains(uuid[19]))
        let validator = cluster.lock.validators[1]
        #expect(validator.partialDeposits.map(\.amount.rawValue) == [8_000_000_000, 24_000_000_000])
        #expect(validator.builderRegistration.timestamp == 1_700_000_000)
        #expect(validator.builderRegistration.gasLimit == 36_000_000)
        #expect(validator.builderRegistration.feeRecipient == [UInt8](repeating: 0x22, count: 20))
        #expect(validator.partialDeposits[0].withdrawalCredentials.first == 1)
        #expect(cluster.depositFiles.map(\.name) == ["deposit-data-8eth.json", "deposit-data-24eth.json"])
        // A lock of a custom network loads with that network only.
        #expect(throws: ClusterError.self) { try LockFile(cluster.lock) }
        #expect(try LockFile(cluster.lock, customNetwork: options.network).warnings.isEmpty)
    }

    @Test("compounding validators get their credentials and amounts")
    func compounding() throws {
        var options = Samples.options(nodes: 3, validators: 1)
        options.compounding = true
        var generator = SeededGenerator(seed: 1)
        let cluster = try ClusterCreation(options, now: Samples.now, using: &generator)
        let deposits = cluster.lock.validators[0].partialDeposits
        #expect(deposits.map { $0.amount.rawValue / 1_000_000_000 } == [1, 8, 32, 256])
        #expect(deposits.allSatisfy { $0.withdrawalCredentials.first == 2 })
        #expect(cluster.lock.definition.compounding)
    }

    @Test("the cluster is a function of options, time and generator")
    func deterministic() throws {
        #expect(try Samples.cluster(seed: 1).lock == Samples.cluster(seed: 1).lock)
        #expect(try Samples.cluster(seed: 1).lock.lockHash != Samples.cluster(seed: 2).lock.lockHash)
    }

    @Test("default thresholds", arguments: [(3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (10, 7), (13, 9)])
    func thresholds(nodes: Int, threshold: Int) {
        #expect(ClusterOptions.defaultThreshold(nodes: nodes) == threshold)
    }

    @Test(
        "refuses options that make no cluster, and names the flag",
        arguments: [
            Mutation("--nodes") { $0.nodes = 2 }, Mutation("--nodes") { $0.nodes = 257 },
            Mutation("--threshold") { $0.threshold = 1 }, Mutation("--threshold") { $0.threshold = 5 },
            Mutation("--num-validators") { $0.validators = 0 }, Mutation("--num-validators") { $0.validators = 65537 },
            Mutation("--name") { $0.name = String(repeating: "n", count: 257) },
            Mutation("--fee-recipient-addresses") { $0.feeRecipients = [] },
            Mutation("--fee-recipient-addresses") { $0.feeRecipients = ["0x1234"] },
            Mutation("--withdrawal-addresses") { $0.withdrawalAddresses = [] },
            Mutation("--withdrawal-addresses") {
                $0.withdrawalAddresses = [Samples.address, Samples.address, Samples.address]
            },
            Mutation("--insecure-keys") { $0.network = .mainnet },
            Mutation("--withdrawal-addresses") {
                $0.network = .gnosis
                $0.insecureKeys = false
                $0.withdrawalAddresses = ["0x0000000000000000000000000000000000000000"]
            },
            Mutation("--deposit-amounts[0]") { $0.depositAmounts = [0, 32] },
            Mutation("--deposit-amounts[1]") { $0.depositAmounts = [32, 33] },
            Mutation("--deposit-amounts") { $0.depositAmounts = [8, 8] },
            Mutation("--deposit-amounts") { $0.depositAmounts = [.max, 32] },
            Mutation("--deposit-amounts") { $0.depositAmounts = [UInt64](repeating: 1, count: 257) },
            Mutation("--target-gas-limit") { $0.targetGasLimit = 0 },
            Mutation("--consensus-protocol") { $0.consensusProtocol = "pbft" },
        ] as [Mutation<ClusterOptions>])
    func refuses(mutation: Mutation<ClusterOptions>) {
        var options = Samples.options()
        mutation.change(&options)
        var generator = SeededGenerator(seed: 1)
        let error = #expect(throws: ClusterError.self) {
            try ClusterCreation(options, now: Samples.now, using: &generator)
        }
        switch error {
        case .option(let found, _)?, .field(let found, _)?: #expect(found == mutation.field)
        default: Issue.record("\(String(describing: error))")
        }
    }

    @Test("never writes over a node, and leaves nothing else behind")
    func refusesOverwriting() throws {
        let directory = try TemporaryDirectory()
        try directory.write("node1/precious", [1])
        var generator = SeededGenerator(seed: 1)
        let cluster = try Samples.cluster(nodes: 3, validators: 1)
        let error = #expect(throws: ClusterError.self) {
            try cluster.write(to: directory.path, concurrency: 1, using: &generator)
        }
        #expect(error?.description.contains("existing node directory found") == true)
        #expect(directory.names == ["node1", "node1/precious"])
    }

    @Test("a failure on the last step takes everything back")
    func failure() throws {
        let directory = try TemporaryDirectory()
        // A link to nothing: no node there, yet no directory can be moved onto it.
        try FileManager.default.createSymbolicLink(atPath: directory.file("node2"), withDestinationPath: "nowhere")
        var generator = SeededGenerator(seed: 1)
        let cluster = try Samples.cluster(nodes: 3, validators: 1)
        #expect(throws: ClusterError.self) { try cluster.write(to: directory.path, concurrency: 1, using: &generator) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["node2"])
    }

    @Test("a directory that cannot be made is named")
    func unwritable() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", [1])
        var generator = SeededGenerator(seed: 1)
        let cluster = try Samples.cluster(nodes: 3, validators: 1)
        let error = #expect(throws: ClusterError.self) {
            try cluster.write(to: path + "/x", concurrency: 1, using: &generator)
        }
        #expect(error?.description.contains(path) == true)
    }
}
