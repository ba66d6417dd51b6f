import BLS
import Cluster
import Ethereum
import Foundation
import SSZ
import TestSupport
import Testing

@testable import ClusterSetup

@Suite struct TrustedDealerTests {
    @Test(
        "what is dealt loads, verifies and recombines on every node",
        arguments: [
            (3, 2, 1, FileVersion.v1_10), (4, 3, 2, .v1_11), (5, 4, 1, .v1_10), (6, 4, 1, .v1_11), (7, 5, 3, .v1_10),
            (8, 6, 1, .v1_11), (9, 6, 1, .v1_10), (10, 7, 2, .v1_11),
        ])
    func deals(nodes: Int, threshold: Int, validators: Int, version: FileVersion) async throws {
        let directory = try TemporaryDirectory()
        var request = Samples.request(nodes: nodes, validators: validators, in: directory)
        request.cluster.version = version
        let outcome = try await Samples.deal(request)
        #expect(outcome.warnings.isEmpty && !outcome.nextSteps.isEmpty)
        // Or it would lie in whatever directory the node is started from.
        #expect(outcome.nextSteps.contains { $0.contains("--journal-file nodeN/styx-journal.sqlite") })
        let lock = try checkNodes(
            directory.file("cluster"), nodes: nodes, threshold: threshold, validators: validators)
        #expect(lock.definition.version == version)
        #expect(lock.definition.timestamp == "2026-11-23T20:59:39Z")
        #expect(!directory.names.contains { $0.contains(".styx-create") })
    }

    @Test("200 validators, secure keystores on mainnet, a private network")
    func manyAndSecure() async throws {
        let directory = try TemporaryDirectory()
        var many = Samples.request(nodes: 3, validators: 200, in: directory)
        _ = try await Samples.deal(many)
        try checkNodes(directory.file("cluster"), nodes: 3, threshold: 2, validators: 200)

        many = Samples.request(nodes: 3, validators: 1, in: directory)
        many.directory = directory.file("mainnet")
        many.cluster.insecureKeys = false
        many.network.name = "mainnet"
        many.cluster.threshold = 3
        _ = try await Samples.deal(many)
        try checkNodes(many.directory, nodes: 3, threshold: 3, validators: 1)
        #expect(directory.names.contains("mainnet/node2/validator_keys/keystore-0.json"))

        many = Samples.request(nodes: 3, validators: 1, in: directory)
        many.directory = directory.file("private")
        many.network.testnetName = "devnet"
        many.network.testnetForkVersion = "0x10000038"
        many.network.testnetChainID = 3_151_908
        many.network.testnetGenesisTime = 1_700_000_000
        _ = try await Samples.deal(many)
        let lock = try checkNodes(
            many.directory, nodes: 3, threshold: 2, validators: 1, custom: many.network.custom())
        #expect(lock.validators[0].builderRegistration.timestamp == 1_700_000_000)
    }

    @Test("follows a definition of any version, from disk or from the network", arguments: FileVersion.allCases)
    func definition(version: FileVersion) async throws {
        let definition = try Samples.definition(
            validators: 2, version: version, signed: version.hasCreator,
            change: { if version >= .v1_8 { $0.depositAmounts = [Gwei(31_000_000_000), Gwei(1_000_000_000)] } })
        let directory = try TemporaryDirectory()
        var request = Samples.request(nodes: 0, validators: 0, in: directory)
        request.definitionFile = try directory.write("definition.json", definition.encoded())
        // Ignored: the definition decides.
        request.cluster.version = .v1_11
        request.cluster.threshold = 2
        _ = try await Samples.deal(request)
        let lock = try checkNodes(request.directory, nodes: 4, threshold: 3, validators: 2)
        #expect(lock.definition.version == version && lock.definition.configHash == definition.configHash)
        #expect(lock.definition.creator == definition.creator && lock.definition.uuid == definition.uuid)
        if version.hasRegistrations {
            let gasLimit: UInt64 = version.hasTargetGasLimit ? 45_000_000 : 30_000_000
            #expect(lock.validators[1].builderRegistration.gasLimit == gasLimit)
        }
        let deposits = directory.names.filter { $0.hasPrefix("cluster/node0/deposit") }.map { $0.dropFirst(14) }
        let expected =
            version >= .v1_8 ? ["deposit-data-1eth.json", "deposit-data-31eth.json"] : ["deposit-data.json"]
        #expect(deposits == expected[...].map { $0[...] })
    }

    @Test("a contract's signature on the definition needs the execution client")
    func contractDefinition() async throws {
        let definition = try Samples.definition(version: .v1_11, signed: false) {
            $0.creator.address = "0x1234567890123456789012345678901234567890"
            $0.creator.configSignature = [UInt8](repeating: 7, count: 130)
        }
        let directory = try TemporaryDirectory()
        var request = Samples.request(nodes: 0, validators: 0, in: directory)
        request.definitionFile = try directory.write("definition.json", definition.encoded())
        let refused = await message { try await Samples.deal(request) }
        #expect(refused.contains("creator.config_signature"), "\(refused)")
        #expect(directory.names == ["definition.json"])
        let magic = "0x1626ba7e" + String(repeating: "0", count: 56)
        let reply: @Sendable (String) -> FakeServer.Responder = { answer in
            { call in .json(["result": call.json["method"] == "eth_call" ? .string(answer) : "Geth/v1"]) }
        }
        try await FakeServer.with(reply("0x")) { server in
            var request = request
            request.executionEndpoint = server.url
            let refused = await message { try await Samples.deal(request) }
            #expect(refused.contains("no contract has the address"), "\(refused)")
        }
        try await FakeServer.with(reply(magic)) { server in
            var request = request
            request.executionEndpoint = server.url
            _ = try await Samples.deal(request)
        }
        let lock = try Lock(json: directory.read("cluster/node0/cluster-lock.json"))
        #expect(lock.definition.creator == definition.creator)
    }

    // MARK: Splitting

    private func store(_ keys: [SecretKey], in path: String) throws {
        var generator = SeededGenerator(seed: 6)
        try KeystoreDirectory.store(keys, in: path, cost: .insecure, concurrency: 2, using: &generator)
    }

    @Test("splits keys from a tree of directories when all have the same addresses")
    func splitsTree() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("keys/readme.md", [])
        let keys = Samples.secrets(3)
        try store([keys[0]], in: directory.file("keys/a"))
        try store([keys[1], keys[2]], in: directory.file("keys/b"))
        var request = Samples.request(validators: 0, in: directory)
        request.splitsKeys = true
        request.splitKeysDirectory = directory.file("keys")
        let outcome = try await Samples.deal(request)
        #expect(outcome.summary.contains("WARNING: Splitting keys"))
        let lock = try checkNodes(request.directory, nodes: 4, threshold: 3, validators: 3)
        #expect(Set(lock.validators.map(\.publicKey)) == Set(keys.map { $0.publicKey.bytes.bytes }))
        // Newer than what the validator has registered so far.
        #expect(lock.validators[0].builderRegistration.timestamp == Samples.now.unixSeconds)
    }

    @Test("with several addresses key N goes with address N, so keys must be numbered", arguments: [false, true])
    func splitsInOrder(fromDefinition: Bool) async throws {
        let directory = try TemporaryDirectory()
        let keys = Samples.secrets(12)
        try store(keys, in: directory.file("keys"))
        let addresses = (0..<12).map { i in "0x" + String(repeating: i < 10 ? "\(i)" : "a", count: 38) + "\(10 + i)" }
        var request = Samples.request(validators: 0, in: directory)
        request.cluster.feeRecipients = addresses
        if fromDefinition {
            let definition = try Samples.definition(validators: 12) { definition in
                for (v, address) in addresses.enumerated() { definition.validators[v].feeRecipient = address }
            }
            request.definitionFile = try directory.write("definition.json", definition.encoded())
        }
        request.splitsKeys = true
        request.splitKeysDirectory = directory.file("keys")
        _ = try await Samples.deal(request)
        let lock = try checkNodes(request.directory, nodes: 4, threshold: 3, validators: 12)
        #expect(lock.validators.map(\.publicKey) == keys.map { $0.publicKey.bytes.bytes })
        #expect(lock.definition.validators.map(\.feeRecipient) == addresses)

        try FileManager.default.removeItem(atPath: directory.file("keys/keystore-insecure-4.json"))
        request.directory = directory.file("again")
        let message = await message { try await Samples.deal(request) }
        #expect(message.contains("out of sequence keystore index"), "\(message)")
    }

    // MARK: What is left

    @Test("what a killed run left behind is named")
    func leftovers() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("cluster/.styx-create-1/node0/charon-enr-private-key", [1])
        let outcome = try await Samples.deal(Samples.request(nodes: 3, in: directory))
        #expect(outcome.warnings.count == 1)
        #expect(outcome.warnings.first?.contains("\(directory.path)/cluster/.styx-create-1 is left") == true)
    }

    @Test(
        "everything in one archive, and nothing else",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/tar")))
    func zipped() async throws {
        let directory = try TemporaryDirectory()
        var request = Samples.request(nodes: 3, validators: 2, in: directory)
        request.isZipped = true
        let outcome = try await Samples.deal(request)
        #expect(outcome.summary.contains(directory.file("cluster/cluster.tar.gz")))
        #expect(directory.names == ["cluster", "cluster/cluster.tar.gz"])
        let result = try TarArchiveTests.tar(["-xzpf", directory.file("cluster/cluster.tar.gz"), "-C", directory.path])
        #expect(result.status == 0, "\(result.output)")
        try checkNodes(directory.path, nodes: 3, threshold: 2, validators: 2)
        #expect(try directory.mode("node0/cluster-lock.json") == 0o400)
        #expect(try directory.mode("node0/charon-enr-private-key") == 0o600)
        let message = await message { try await Samples.deal(request) }
        #expect(message.contains("cluster.tar.gz exists"), "\(message)")
    }

    @Test("publishing is last, and its failure only a warning", arguments: [200, 409, 500])
    func publishes(status: Int) async throws {
        let directory = try TemporaryDirectory()
        var request = Samples.request(nodes: 3, in: directory)
        request.publishes = true
        try await FakeServer.with({ _ in .status(status, "answer") }) { server in
            request.publishAddress = server.url + "/v1"
            let outcome = try await Samples.deal(request)
            let lock = try checkNodes(request.directory, nodes: 3, threshold: 2, validators: 1)
            #expect(try Lock(json: server.calls[0].body) == lock)
            let link = "\(server.url)/lock/0x\(lock.lockHash.hex.dropFirst(2).uppercased())/launchpad"
            #expect(outcome.nextSteps.contains { $0.contains(link) } == (status != 500))
            #expect(outcome.warnings.contains { $0.contains("status 500 (answer)") } == (status == 500))
        }
    }

    @Test("a slow publisher holds nothing up for longer than its time")
    func slowPublisher() async throws {
        let directory = try TemporaryDirectory()
        var request = Samples.request(nodes: 3, in: directory)
        request.publishes = true
        request.publishTimeout = .microseconds(500)
        try await FakeServer.with({ _ in .silence }) { server in
            request.publishAddress = server.url
            let outcome = try await Samples.deal(request)
            #expect(outcome.warnings.contains { $0.contains("no complete answer") })
        }
        try checkNodes(request.directory, nodes: 3, threshold: 2, validators: 1)
    }
}
