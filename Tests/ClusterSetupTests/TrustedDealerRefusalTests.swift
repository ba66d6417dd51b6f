import Cluster
import Ethereum
import Foundation
import TestSupport
import Testing

@testable import ClusterSetup

/// What must not be made, and what people are told.
@Suite struct TrustedDealerRefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let change: @Sendable (inout TrustedDealer.Request) -> Void

        init(_ text: String, _ change: @escaping @Sendable (inout TrustedDealer.Request) -> Void) {
            self.text = text
            self.change = change
        }

        var testDescription: String { text }
    }

    static let zero = "0x0000000000000000000000000000000000000000"
    static let rows = [
        Row("--nodes: missing") { $0.cluster.nodes = 0 },
        Row("--nodes: number of operators is below minimum: 2") { $0.cluster.nodes = 2 },
        Row("--nodes: 257; a cluster has at most 256 nodes") { $0.cluster.nodes = 257 },
        Row("--network: holesk is not known; choose one of mainnet") { $0.network.name = "holesk" },
        Row("--testnet-fork-version: \"0x1\" is not 0x and 8 hex digits") {
            $0.network.testnetName = "x"
            $0.network.testnetForkVersion = "0x1"
            $0.network.testnetChainID = 1
            $0.network.testnetGenesisTime = 1
        },
        Row("--keymanager-auth-tokens: 1 tokens for 2") {
            $0.keymanagerAddresses = ["http://a", "http://b"]
            $0.keymanagerTokens = ["secret"]
        },
        Row("--deposit-amounts[0]: 0 Gwei is not between 1 and 32 ETH") { $0.cluster.depositAmounts = [0] },
        Row("--deposit-amounts[0]: 33000000000 Gwei is not between") { $0.cluster.depositAmounts = [33] },
        Row("--deposit-amounts: 16000000000 Gwei in all, but a validator needs at least 32 ETH") {
            $0.cluster.depositAmounts = [8, 8]
        },
        Row("--keymanager-addresses: not a URL that starts with") {
            $0.keymanagerAddresses = ["keymanager:7500"]
            $0.keymanagerTokens = ["secret"]
        },
        Row("--keymanager-addresses: 1 addresses for 4 nodes") {
            $0.keymanagerAddresses = ["http://user:secret@a"]
            $0.keymanagerTokens = ["secret"]
        },
        Row("--num-validators: not together with --split-existing-keys") { $0.splitsKeys = true },
        Row("--num-validators: missing") { $0.cluster.validators = 0 },
        Row("--consensus-protocol: \"pbft\" is not known, only qbft") { $0.cluster.consensusProtocol = "pbft" },
        Row("--split-keys-dir required when splitting keys") {
            $0.splitsKeys = true
            $0.cluster.validators = 0
        },
        Row("/nowhere/keys") {
            $0.splitsKeys = true
            $0.cluster.validators = 0
            $0.splitKeysDirectory = "/nowhere/keys"
        },
        Row("--threshold: 1 is not between 2 and the number of nodes, 4") { $0.cluster.threshold = 1 },
        Row("--threshold: 5 is not between") { $0.cluster.threshold = 5 },
        Row("--num-validators: 65537") { $0.cluster.validators = 65537 },
        Row("--insecure-keys: not on gnosis") { $0.network.name = "gnosis" },
        Row("--withdrawal-addresses: number 1 is zero: the stake would be lost") {
            $0.network.name = "mainnet"
            $0.cluster.insecureKeys = false
            $0.cluster.withdrawalAddresses = [Self.zero]
        },
        Row("--fee-recipient-addresses: 0 addresses; give one") { $0.cluster.feeRecipients = [] },
        Row("--withdrawal-addresses: 3 addresses; give one, or one for each of 1 validators") {
            $0.cluster.withdrawalAddresses = Array(repeating: Samples.address, count: 3)
        },
        Row("--withdrawal-addresses: \"dEaD\" is not 0x and 40 hex digits") {
            $0.cluster.withdrawalAddresses = ["dEaD"]
        },
        Row("--target-gas-limit: must not be zero") { $0.cluster.targetGasLimit = 0 },
        Row("--publish-address: ") {
            $0.publishes = true
            $0.publishAddress = "api.obol.tech"
        },
    ]

    @Test("refuses, names the flag, and leaves nothing behind", arguments: rows)
    func refuses(row: Row) async throws {
        let directory = try TemporaryDirectory()
        var request = Samples.request(in: directory)
        row.change(&request)
        let message = await message { try await Samples.deal(request) }
        #expect(message.contains(row.text) && !message.contains("secret"), "\(message)")
        #expect(directory.names.isEmpty)
    }

    struct DefinitionRow: Sendable, CustomTestStringConvertible {
        let text: String
        var network = Network.hoodi
        let change: @Sendable (inout Definition) -> Void

        var testDescription: String { text }
    }

    static let definitionRows = [
        DefinitionRow(text: "num_validators") { $0.validators = [] },
        DefinitionRow(text: "number of operators is below minimum: 2") {
            $0.operators.removeLast(2)
            $0.threshold = 2
        },
        DefinitionRow(text: "name is empty") { $0.name = "" },
        DefinitionRow(text: "--threshold: 5 is not between") { $0.threshold = 5 },
        DefinitionRow(text: "\"pbft\" is not known") { $0.consensusProtocol = "pbft" },
        DefinitionRow(text: "has no valid checksum") {
            $0.validators[0].withdrawal = "0x000000000000000000000000000000000000dead"
        },
        DefinitionRow(text: "is zero: the stake would be lost", network: .mainnet) {
            $0.validators[0].withdrawal = Self.zero
        },
        DefinitionRow(text: "--insecure-keys: not on mainnet", network: .mainnet) { _ in },
        DefinitionRow(text: "names operators by their accounts") { definition in
            // Unsigned, so that only the dealer objects.
            for i in 0..<4 { definition.operators[i].enr = Samples.enrs(4)[i] }
            definition.operators[0].address = Samples.address
        },
    ]

    @Test("refuses definitions that make no cluster", arguments: definitionRows)
    func refusesDefinition(row: DefinitionRow) async throws {
        let directory = try TemporaryDirectory()
        var request = Samples.request(nodes: 0, validators: 0, in: directory)
        request.cluster.insecureKeys = row.text.contains("--insecure-keys")
        let definition = try Samples.definition(network: row.network, change: row.change)
        request.definitionFile = try directory.write("definition.json", definition.encoded())
        let message = await message { try await Samples.deal(request) }
        let isExpected = message.contains(row.text) || message.contains("empty operator enr signature")
        #expect(isExpected, "\(message)")
        #expect(directory.names == ["definition.json"])
    }

    @Test("refuses a definition that was changed, or that another signed")
    func forged() async throws {
        let directory = try TemporaryDirectory()
        let text = String(decoding: try Samples.definition().encoded(), as: UTF8.self)
        let rows = [
            (text.replacing("\"solo\"", with: "\"sold\""), "invalid config hash"),
            (text.replacing("0x10000910", with: "0x10000911"), "invalid config hash"),
        ]
        for (text, expected) in rows {
            var request = Samples.request(nodes: 0, validators: 0, in: directory)
            request.definitionFile = try directory.write("definition.json", Array(text.utf8))
            let message = await message { try await Samples.deal(request) }
            #expect(message.contains(expected) && message.contains("definition.json"), "\(message)")
        }
        var forged = try Samples.definition()
        forged.creator.address = Samples.address
        var request = Samples.request(nodes: 0, validators: 0, in: directory)
        request.definitionFile = try directory.write("definition.json", forged.withHashes().encoded())
        let message = await message { try await Samples.deal(request) }
        #expect(message.contains("creator.config_signature"), "\(message)")
    }

    @Test("never writes over a node, and checks before it makes anything")
    func existingNode() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("cluster/node3/cluster-lock.json", [1])
        let message = await message { try await Samples.deal(Samples.request(in: directory)) }
        #expect(message.contains("existing node directory found: \(directory.path)/cluster/node3"), "\(message)")
        #expect(directory.names == ["cluster", "cluster/node3", "cluster/node3/cluster-lock.json"])
    }

    @Test("refuses to split one key twice")
    func twins() async throws {
        let directory = try TemporaryDirectory()
        let key = Samples.secrets(1)[0]
        var generator = SeededGenerator(seed: 6)
        try KeystoreDirectory.store(
            [key, key], in: directory.file("keys"), cost: .insecure, concurrency: 1, using: &generator)
        var request = Samples.request(validators: 0, in: directory)
        request.splitsKeys = true
        request.splitKeysDirectory = directory.file("keys")
        let message = await message { try await Samples.deal(request) }
        #expect(message.contains("--split-keys-dir: holds the key of validator"), "\(message)")
    }

    @Test("a number of keys that is not the definition's")
    func keyCount() async throws {
        let directory = try TemporaryDirectory()
        var generator = SeededGenerator(seed: 6)
        try KeystoreDirectory.store(
            Samples.secrets(2), in: directory.file("keys"), cost: .insecure, concurrency: 1, using: &generator)
        var request = Samples.request(nodes: 0, validators: 0, in: directory)
        request.definitionFile = try directory.write("definition.json", Samples.definition(validators: 3).encoded())
        request.splitsKeys = true
        request.splitKeysDirectory = directory.file("keys")
        let message = await message { try await Samples.deal(request) }
        #expect(message.contains("holds 2 keys, but the definition has 3 validators"), "\(message)")
    }
}
