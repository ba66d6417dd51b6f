import Cluster
import Foundation
import SSZ
import TestSupport
import Testing

@testable import ClusterSetup

/// Charon's own expectations of `create cluster`: the text it prints and the names of the files.
@Suite("golden files of create cluster", .enabled(if: Vectors.has("cluster/charon/cmd/testdata")))
struct CreateClusterGoldenTests {
    static let folder = "cluster/charon/cmd/testdata"
    private static let prefix = "TestCreateCluster_"
    private static let suffixes = ["_output.golden", "_files.golden"]

    /// Each scenario of Charon's test table that left a golden file, by the name of the file.
    static let scenarios: [String] = {
        var names: Set<String> = []
        for path in Vectors.files(in: folder, withExtension: "golden") {
            let file = String(path.dropFirst(folder.count + 1))
            for suffix in suffixes where file.hasPrefix(prefix) && file.hasSuffix(suffix) {
                names.insert(String(file.dropFirst(prefix.count).dropLast(suffix.count)))
            }
        }
        return names.sorted()
    }()

    /// What Charon's table says about a scenario.
    private func request(_ scenario: String, in directory: TemporaryDirectory) throws -> TrustedDealer.Request {
        var request = Samples.request(in: directory)
        switch scenario {
        case "goerli", "test_with_fee_recipient_and_withdrawal_addresses":
            request.network.name = "goerli"
            request.cluster.nodes = 3
        case "simnet": break
        case "two_partial_deposits": request.cluster.depositAmounts = [31, 1]
        case "four_partial_deposits": request.cluster.depositAmounts = [8, 8, 8, 8]
        case "custom_target_gas_limit": request.cluster.targetGasLimit = 36_000_000
        case "custom_testnet_flags":
            request.network.testnetName = "testnet"
            request.network.testnetForkVersion = "0x00000101"
            request.network.testnetChainID = 1_234_567
            request.network.testnetGenesisTime = 1_616_508_000
        case "solo_flow_definition_from_disk", "solo_flow_definition_from_network":
            request.definitionFile = try directory.write("definition.json", Samples.definition().encoded())
            request.cluster.validators = 0
        case "splitkeys", "splitkeys_with_cluster_definition":
            request.splitsKeys = true
            request.splitKeysDirectory = directory.file("keys")
            request.cluster.validators = 0
            var generator = SeededGenerator(seed: 6)
            try KeystoreDirectory.store(
                Samples.secrets(2), in: request.splitKeysDirectory, cost: .insecure, concurrency: 1, using: &generator)
            if scenario.hasSuffix("definition") {
                request.definitionFile = try directory.write(
                    "definition.json", Samples.definition(validators: 2).encoded())
            }
        default: Issue.record("a scenario nobody knows: \(scenario)")
        }
        return request
    }

    @Test("the files are there")
    func found() { #expect(Self.scenarios.count >= 11) }

    @Test("text and files are Charon's", arguments: scenarios)
    func golden(scenario: String) async throws {
        let directory = try TemporaryDirectory()
        var request = try request(scenario, in: directory)
        let outcome: TrustedDealer.Outcome
        if scenario.hasSuffix("from_network") {
            let bytes = try directory.read("definition.json")
            outcome = try await FakeServer.with({ _ in FakeServer.Answer(body: bytes) }) { server in
                request.definitionFile = server.url + "/definition.json"
                return try await Samples.deal(request)
            }
        } else {
            outcome = try await Samples.deal(request)
        }
        let prefix = "\(Self.folder)/\(Self.prefix)\(scenario)"
        if Vectors.has(prefix + "_output.golden") {
            let expected = String(decoding: try Vectors.data(prefix + "_output.golden"), as: UTF8.self)
            #expect(outcome.summary.replacing(request.directory + "/", with: "charon/") == expected)
        }
        if Vectors.has(prefix + "_files.golden") {
            let expected = try #require(Vectors.json(prefix + "_files.golden").array).compactMap(\.string)
            let names = directory.names.filter { $0.hasPrefix("cluster/") }.map { String($0.dropFirst(8)) }
            #expect(names.filter { $0.split(separator: "/").count <= 2 } == expected.sorted())
        }
    }
}
